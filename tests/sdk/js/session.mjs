// Temporary credentials of a role: what it may, and a denial that names the session.
import { ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { check, client } from "./common.mjs";

const sqs = client({ endpoint: process.env.ENDPOINT });
const QueueUrl = process.env.QUEUE_URL;
const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
check(sent.MessageId, "the send is allowed");
try {
  await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  check(false, "the receive is denied");
} catch (error) {
  check(/AccessDenied/.test(error.name), `the name ${error.name}`);
  check(error.message.startsWith(`User: ${process.env.WHO} is not authorized`), `the message ${error.message}`);
}
const cut = client({
  endpoint: process.env.ENDPOINT,
  credentials: { accessKeyId: process.env.KEY_ID, secretAccessKey: process.env.SECRET },
});
try {
  await cut.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
  check(false, "without its token a key is nobody's");
} catch (error) {
  check(error.$metadata.httpStatusCode === 403, `status ${error.$metadata.httpStatusCode}`);
  check(/InvalidClientTokenId|UnrecognizedClient/.test(error.name), `the name ${error.name}`);
}
console.log("done");
