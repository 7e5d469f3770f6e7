// Sends a file with tus-js-client as it is released, as a program of a city's own would: told by a JSON line, telling JSON lines.
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";

const told = JSON.parse(process.argv[2]);
const tus = createRequire(told.modules)("tus-js-client");
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const upload = new tus.Upload(createReadStream(told.file), {
  endpoint: told.endpoint,
  headers: told.headers,
  metadata: told.metadata,
  chunkSize: told.chunk,
  uploadSize: told.size,
  uploadDataDuringCreation: told.during ?? false,
  retryDelays: Array(400).fill(300),
  onProgress: (sent) => say({ sent }),
  onError: (error) => { say({ error: String(error) }); process.exit(1); },
  onSuccess: ({ lastResponse }) => {
    const header = (name) => lastResponse.getHeader(name);
    say({ url: upload.url, record: header("Edms-Record"), sha256: header("Edms-Sha256"), outcome: header("Edms-Outcome") });
  },
});
upload.start();
