// `lockfile.js OPTIONS LOCK`: lockfile of npm; the options are JSON.
const fs = require('fs');
const lockfile = require('lockfile');

const [options, lock] = process.argv.slice(2);
lockfile.lock(lock, JSON.parse(options), (error) => {
  if (error) {
    fs.writeSync(1, error.code === 'EEXIST' ? 'busy\n' : `error ${error.code}\n`);
    return;
  }
  fs.writeSync(1, 'acquired\n');
  process.stdin.once('data', () => {
    lockfile.unlockSync(lock);
    fs.writeSync(1, 'released\n');
    process.exit(0);
  });
});
