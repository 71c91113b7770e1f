// Wrong: tries three times, a second apart, and then removes the lock of its holder.
const fs = require('fs');

const lock = process.argv[2];
let left = 3;

function attempt() {
  try {
    fs.mkdirSync(lock);
  } catch (error) {
    if (left-- > 0) {
      setTimeout(attempt, 1000);
      return;
    }
    try {
      fs.rmdirSync(lock);
    } catch (gone) {
      // Somebody else did.
    }
    left = 0;
    attempt();
    return;
  }
  fs.writeSync(1, 'acquired\n');
  process.stdin.once('data', () => {
    fs.rmSync(lock, { recursive: true, force: true });
    fs.writeSync(1, 'released\n');
    process.exit(0);
  });
}

attempt();
