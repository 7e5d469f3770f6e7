// Sends a file with tus-js-client as it is released, as a program of a city's own would: told by a JSON line, telling JSON lines.
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const told = JSON.parse(process.argv[2]);
const tus = createRequire(told.modules)("tus-js-client");
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// Told to go stepwise, it says so before each piece and waits for a line: what is to happen within a piece then does,
// however fast the others go.
const steps = told.stepwise ? createInterface({ input: process.stdin })[Symbol.asyncIterator]() : null;

const upload = new tus.Upload(createReadStream(told.file), {
  endpoint: told.endpoint,
  headers: told.headers,
  metadata: told.metadata,
  chunkSize: told.chunk,
  uploadSize: told.size,
  uploadDataDuringCreation: told.during ?? false,
  retryDelays: Array(1200).fill(300),
  onBeforeRequest: async (request) => {
    if (!steps || request.getMethod() !== "PATCH") return;
    say({ piece: true });
    await steps.next();
  },
  onProgress: (sent) => say({ sent }),
  onError: (error) => { say({ error: String(error) }); process.exit(1); },
  onSuccess: ({ lastResponse }) => {
    const header = (name) => lastResponse.getHeader(name);
    say({ url: upload.url, record: header("Edms-Record"), sha256: header("Edms-Sha256"), outcome: header("Edms-Outcome") });
    if (steps) process.stdin.destroy();
  },
});
upload.start();
