// `proper-lockfile.js RETRIES LOCK`: proper-lockfile of npm; the lock is a folder beside the file.
const fs = require('fs');
const lockfile = require('proper-lockfile');

const [retries, lock] = process.argv.slice(2);
lockfile.lock(lock, { realpath: false, retries: Number(retries) }).then(
  (release) => {
    fs.writeSync(1, 'acquired\n');
    process.stdin.once('data', async () => {
      await release();
      fs.writeSync(1, 'released\n');
      process.exit(0);
    });
  },
  (error) => fs.writeSync(1, error.code === 'ELOCKED' ? 'busy\n' : `error ${error.code}\n`),
);
