// The SDK v2 of the Query era: it posts to the QueueUrl itself and checks every MD5.
import https from "node:https";
import AWS from "aws-sdk/clients/sqs.js";
import { check } from "./common.mjs";

const sqs = new AWS({
  region: process.env.REGION,
  accessKeyId: process.env.KEY_ID,
  secretAccessKey: process.env.SECRET,
  endpoint: process.env.ENDPOINT,
  maxRetries: 0,
  ...(process.env.ENDPOINT.startsWith("https:") && { httpOptions: { agent: new https.Agent({ keepAlive: true }) } }),
});
const name = process.env.NAME;
check(sqs.api.protocol === "query", `the protocol is ${sqs.api.protocol}`);
const { QueueUrl } = await sqs
  .createQueue({ QueueName: name, Attributes: { VisibilityTimeout: "60" } })
  .promise();

const attributes = {
  text: { DataType: "String", StringValue: "\u00e4 & <" },
  bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) },
};
await sqs.sendMessage({ QueueUrl, MessageBody: "hello \u20ac & <", MessageAttributes: attributes }).promise();
const batch = await sqs
  .sendMessageBatch({ QueueUrl, Entries: ["a", "b", "c"].map((Id) => ({ Id, MessageBody: Id })) })
  .promise();
check(batch.Successful.length === 3 && batch.Failed.length === 0, "the batch");

const { Messages } = await sqs
  .receiveMessage({
    QueueUrl,
    MaxNumberOfMessages: 10,
    WaitTimeSeconds: 2,
    AttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  })
  .promise();
check(Messages.length === 4, `${Messages.length} messages`);
const hello = Messages.find((one) => one.Body === "hello \u20ac & <");
check(hello.MessageAttributes.text.StringValue === attributes.text.StringValue, "the text attribute");
check(hello.MessageAttributes.bytes.BinaryValue[1] === 255, "the binary attribute");
check(hello.Attributes.ApproximateReceiveCount === "1", "the receive count");

const [first, ...others] = Messages;
await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle: first.ReceiptHandle, VisibilityTimeout: 0 }).promise();
const again = await sqs.receiveMessage({ QueueUrl }).promise();
check(again.Messages[0].MessageId === first.MessageId, "released and taken again");
await sqs.deleteMessage({ QueueUrl, ReceiptHandle: again.Messages[0].ReceiptHandle }).promise();
const Entries = others.map((one, at) => ({ Id: `${at}`, ReceiptHandle: one.ReceiptHandle }));
check((await sqs.deleteMessageBatch({ QueueUrl, Entries }).promise()).Successful.length === 3, "the deletion");
const empty = await sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 1 }).promise();
check(!empty.Messages?.length, "nothing is left");

await sqs.purgeQueue({ QueueUrl }).promise();
await sqs.deleteQueue({ QueueUrl }).promise();
try {
  await sqs.getQueueUrl({ QueueName: name }).promise();
  check(false, "a deleted queue is gone");
} catch (error) {
  check(error.code === "AWS.SimpleQueueService.NonExistentQueue", `the code ${error.code}`);
  check(error.statusCode === 400 && error.requestId.length === 36, "its status and request id");
}
console.log("done");
