// Where the endpoint comes from the environment, the SDK sends to the host of the QueueUrl that we gave it.
import { CreateQueueCommand, DeleteQueueCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { check, client } from "./common.mjs";

const sqs = client();
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: process.env.NAME }));
check(QueueUrl.startsWith(`${process.env.AWS_ENDPOINT_URL}/`), `QueueUrl ${QueueUrl}`);
await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
await sqs.send(new DeleteQueueCommand({ QueueUrl }));
console.log("done");
