// Create, send, batch, receive, delete, with the MD5 checks of the SDK on; and the class of an error.
import {
  ChangeMessageVisibilityBatchCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { check, client } from "./common.mjs";

const sqs = client({ endpoint: process.env.ENDPOINT });
const name = process.env.NAME;
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { DelaySeconds: "0" } }));
check(QueueUrl === `${process.env.ENDPOINT}/123456789012/${name}`, `QueueUrl ${QueueUrl}`);

const attributes = {
  text: { DataType: "String", StringValue: "ä" },
  bytes: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255]) },
};
const sent = await sqs.send(
  new SendMessageCommand({ QueueUrl, MessageBody: "hello €", MessageAttributes: attributes }),
);
check(sent.MD5OfMessageAttributes.length === 32, "MD5OfMessageAttributes");
const first = await sqs.send(
  new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1, MessageAttributeNames: ["All"], AttributeNames: [] }),
);
check(first.Messages.length === 1 && first.Messages[0].Body === "hello €", "the body");
check(first.Messages[0].MessageAttributes.bytes.BinaryValue[1] === 255, "the binary attribute");
await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first.Messages[0].ReceiptHandle }));

const batch = await sqs.send(
  new SendMessageBatchCommand({
    QueueUrl,
    Entries: [
      { Id: "a", MessageBody: "1" },
      { Id: "b", MessageBody: "2" },
      { Id: "c", MessageBody: "" },
    ],
  }),
);
check(batch.Successful.length === 2 && batch.Failed[0].Code === "MissingParameter", "the batch");
const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
check(Messages.length === 2, "two messages");
const entries = Messages.map((one, index) => ({ Id: `m${index}`, ReceiptHandle: one.ReceiptHandle }));
const changed = await sqs.send(
  new ChangeMessageVisibilityBatchCommand({
    QueueUrl,
    Entries: entries.map((one) => ({ ...one, VisibilityTimeout: 60 })),
  }),
);
check(changed.Successful.length === 2, "the change of visibility");
const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: entries }));
check(deleted.Successful.length === 2, "the deletion");
const left = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
check(left.Attributes.ApproximateNumberOfMessagesNotVisible === "0", "nothing in flight");

const aborted = new AbortController();
setTimeout(() => aborted.abort(), 200);
try {
  await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), { abortSignal: aborted.signal });
  check(false, "an aborted poll ends");
} catch (error) {
  check(error.name === "AbortError", `the abort, not ${error.name}`);
}

await sqs.send(new DeleteQueueCommand({ QueueUrl }));
try {
  await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
  check(false, "a deleted queue is gone");
} catch (error) {
  check(error instanceof QueueDoesNotExist, `the class of ${error.name}`);
  check(error.name === "QueueDoesNotExist", error.name);
  check(error.$metadata.httpStatusCode === 400 && error.$metadata.requestId.length === 36, "its metadata");
}
console.log("done");
