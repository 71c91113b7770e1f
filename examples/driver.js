// A driver to copy: it takes the path of a lock, tries once to acquire it, and prints the result.
// The lock is a file: the flag `wx` is O_CREAT | O_EXCL, which creates it or fails, in one system call.
const { open, unlink } = require("node:fs/promises");
const { createInterface } = require("node:readline");

async function main(lock) {
  try {
    await (await open(lock, "wx")).close();
  } catch (error) {
    console.log(error.code === "EEXIST" ? "busy" : `error ${error.code}`);
    return;
  }
  console.log("acquired");
  for await (const _ of createInterface({ input: process.stdin })) break; // `release`, or the end of the input.
  try {
    await unlink(lock);
    console.log("released");
  } catch (error) {
    console.log(`error ${error.code}`);
  }
}

main(process.argv[2]);
