// sqs-consumer: batches handled and deleted, a heartbeat over a long job, a failure that comes back, a poll aborted.
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Consumer } from "sqs-consumer";
import { check, client } from "./common.mjs";

const VISIBILITY_TIMEOUT_S = 3;
// Between two heartbeats: one that is under way when the job ends may come after the delete, and fails then, on AWS too.
const LONG_JOB_MS = 3_500;
const sqs = client();
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: process.env.NAME }));

async function counts() {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  return [Attributes.ApproximateNumberOfMessages, Attributes.ApproximateNumberOfMessagesNotVisible].join();
}

// Runs a consumer until `ends` of its messages have been processed; gives what its handler saw, and the errors.
async function consume(ends, handle, options) {
  const seen = [];
  const errors = [];
  let processed = 0;
  const consumer = Consumer.create({
    queueUrl: QueueUrl,
    sqs,
    batchSize: 10,
    waitTimeSeconds: 20,
    visibilityTimeout: VISIBILITY_TIMEOUT_S,
    messageSystemAttributeNames: ["ApproximateReceiveCount"],
    handleMessageBatch: async (messages) => {
      for (const one of messages) {
        seen.push(`${one.Body}:${one.Attributes.ApproximateReceiveCount}`);
      }
      await handle(messages);
      return messages;
    },
    ...options,
  });
  const done = new Promise((resolve) => {
    consumer.on("message_processed", () => {
      processed += 1;
      if (processed === ends) resolve();
    });
  });
  consumer.on("error", (error) => errors.push(error.message));
  consumer.start();
  await done;
  return { consumer, seen, errors };
}

// Every message once, in batches.
for (let start = 0; start < 30; start += 10) {
  const Entries = Array.from({ length: 10 }, (_, at) => ({ Id: `${at}`, MessageBody: `${start + at}` }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
}
const many = await consume(30, async () => {});
many.consumer.stop({ abort: true });
check(new Set(many.seen).size === 30 && many.seen.length === 30, `each message once: ${many.seen}`);
check((await counts()) === "0,0", "nothing is left");

// A job that takes longer than the visibility timeout, kept by the heartbeat; the consumer never sees it twice.
await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "long" }));
let polls = 0;
const polling = Promise.withResolvers();
const long = await consume(1, () => sleep(LONG_JOB_MS), {
  heartbeatInterval: 1,
  preReceiveMessageCallback: async () => {
    polls += 1;
    if (polls === 2) polling.resolve();
  },
});
check(long.seen.join() === "long:1" && long.errors.length === 0, `a long job once: ${long.seen} ${long.errors}`);

// A poll that is aborted by `stop` takes no message with it.
await polling.promise;
await counts();
const aborted = once(long.consumer, "aborted");
const asked = once(long.consumer, "error");
long.consumer.stop({ abort: true });
await aborted;
check(/abort/i.test((await asked)[0].message), "the poll ends by the abort");
await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "later" }));
const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1, VisibilityTimeout: 0 }));
check(Messages?.[0].Body === "later", "the aborted poll took nothing");

// A handler that fails lets go of its message, which comes back at once.
let failures = 0;
const failed = await consume(
  1,
  async () => {
    failures += 1;
    if (failures === 1) throw new Error("not yet");
  },
  { terminateVisibilityTimeout: true },
);
failed.consumer.stop({ abort: true });
check(failed.seen.join() === "later:2,later:3", `released and taken again: ${failed.seen}`);
check(failed.errors[0].endsWith("not yet"), `its errors: ${failed.errors}`);
check((await counts()) === "0,0", "nothing is left in the end");
await sqs.send(new DeleteQueueCommand({ QueueUrl }));
console.log("done");
