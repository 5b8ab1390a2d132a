// A client whose clock is wrong by SKEW_S seconds: both SDKs set themselves right by the Date of the refusal.
import AWS from "aws-sdk/clients/sqs.js";
import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { check, client } from "./common.mjs";

const skew = Number(process.env.SKEW_S) * 1000;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [RealDate.now() + skew]));
  }
  static now() {
    return RealDate.now() + skew;
  }
};

const sqs = client({ endpoint: process.env.ENDPOINT, maxAttempts: 2 });
const { $metadata } = await sqs.send(new ListQueuesCommand({}));
check($metadata.attempts === 2, `version 3 came through at attempt ${$metadata.attempts}`);
const again = await sqs.send(new ListQueuesCommand({}));
check(again.$metadata.attempts === 1, "what it learnt is kept");

const before = new AWS({
  region: process.env.REGION,
  accessKeyId: process.env.KEY_ID,
  secretAccessKey: process.env.SECRET,
  endpoint: process.env.ENDPOINT,
  maxRetries: 1,
  correctClockSkew: true,
});
const request = before.listQueues();
await request.promise();
check(request.response.retryCount === 1, `version 2 came through after ${request.response.retryCount} retries`);
console.log("done");
