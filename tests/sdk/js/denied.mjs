// A denial, as an application sees it.
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { check, client } from "./common.mjs";

const sqs = client({ endpoint: process.env.ENDPOINT });
try {
  await sqs.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: "x" }));
  check(false, "the send is denied");
} catch (error) {
  check(error.$metadata.httpStatusCode === 403, `status ${error.$metadata.httpStatusCode}`);
  check(/AccessDenied/.test(error.name), `the name ${error.name}`);
  check(error.message.includes("is not authorized to perform: sqs:sendmessage"), `the message ${error.message}`);
}
console.log("done");
