// What was dropped or chosen, folders with all that is in them: [{file, path}], path being "" for a single file.
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return chosen(transfer.files);
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

export function chosen(files) {
  return [...files].map((file) => ({ file, path: file.webkitRelativePath ?? "" }));
}

async function walk(entry, found) {
  if (entry.isFile) {
    const path = entry.fullPath.replace(/^\//, "");
    const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
    found.push({ file: file ?? new File([], entry.name), path: path.includes("/") ? path : "", unread: !file });
    return;
  }
  const reader = entry.createReader();
  // A reader gives some entries at a time, and none when it has given all.
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return;
    for (const one of some) await walk(one, found);
  }
}
