// What every script here needs: a client made from the environment, and a check that ends the script.
import { SQSClient } from "@aws-sdk/client-sqs";

export function client(extra = {}) {
  return new SQSClient({
    region: process.env.REGION,
    credentials: {
      accessKeyId: process.env.KEY_ID,
      secretAccessKey: process.env.SECRET,
      sessionToken: process.env.SESSION_TOKEN,
    },
    maxAttempts: 1,
    ...extra,
  });
}

export function check(holds, what) {
  if (!holds) {
    throw new Error(`not so: ${what}`);
  }
}
