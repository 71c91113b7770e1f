// `seed.js create-new|stat-then-write LOCK`: the two locks that onewinner began with, in Node. Its asynchronous calls are
// made by threads of a pool, not by the one that runs this.
// create-new is right: one system call makes the file or fails. stat-then-write is wrong: two that look before either
// writes both find nothing.
const { open, stat, unlink, writeFile } = require("node:fs/promises");
const { createInterface } = require("node:readline");

// Whether the lock was taken.
async function acquire(name, lock) {
  if (name === "create-new") {
    try {
      await (await open(lock, "wx")).close();
      return true;
    } catch (error) {
      if (error.code === "EEXIST") return false;
      throw error;
    }
  }
  try {
    await stat(lock);
    return false;
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  await writeFile(lock, "locked\n");
  return true;
}

async function main(name, lock) {
  let taken;
  try {
    taken = await acquire(name, lock);
  } catch (error) {
    console.log(`error ${error.code}`);
    return;
  }
  if (!taken) {
    console.log("busy");
    return;
  }
  console.log("acquired");
  for await (const _ of createInterface({ input: process.stdin })) break; // `release`, or the end of the input.
  await unlink(lock).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
  console.log("released");
}

main(process.argv[2], process.argv[3]);
