// Right: makes a folder or fails, and tries again by a timer, five times.
const fs = require('fs');

const lock = process.argv[2];

function attempt(left) {
  try {
    fs.mkdirSync(lock);
  } catch (error) {
    if (left > 0) setTimeout(attempt, 100, left - 1);
    else fs.writeSync(1, 'busy\n');
    return;
  }
  fs.writeSync(1, 'acquired\n');
  process.stdin.once('data', () => {
    fs.rmdirSync(lock);
    fs.writeSync(1, 'released\n');
    process.exit(0);
  });
}

attempt(5);
