// Worker: reads pieces of files and computes their digests, and the whole file's beside, away from the page.
import { Sha256, hex } from "./sha256.js";

const READ = 4 * 1024 * 1024;
const whole = new Map();

onmessage = async ({ data }) => {
  const { id, key, file, start, end } = data;
  if (!file) { whole.delete(key); return; }
  try {
    const kept = whole.get(key) ?? { hash: new Sha256(), at: 0 };
    whole.set(key, kept);
    // After a reload the beginning was sent long ago; it is read again, so that the digest speaks of the whole file.
    while (kept.at < start) {
      const upto = Math.min(start, kept.at + READ);
      kept.hash.update(new Uint8Array(await file.slice(kept.at, upto).arrayBuffer()));
      kept.at = upto;
    }
    const bytes = new Uint8Array(await file.slice(start, end).arrayBuffer());
    if (kept.at < end) {
      kept.hash.update(bytes.subarray(kept.at - start));
      kept.at = end;
    }
    if (end === file.size) kept.digest ??= hex(kept.hash.digest());
    const piece = self.crypto?.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : new Sha256().update(bytes).digest();
    postMessage({ id, bytes, digest: btoa(String.fromCharCode(...piece)), whole: kept.digest ?? "" }, [bytes.buffer]);
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
};
