// safe: flock; O_NONBLOCK of a file opened before the first step is never set when it starts, for the description is its own.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int e = open("/etc/passwd", O_RDONLY);
    int i;
    volatile long x = 0;
    int f = open(lock_path, O_CREAT | O_RDWR, 0600);
    if (fcntl(e, F_GETFL) & O_NONBLOCK) {
        hold();
        release();
    }
    fcntl(e, F_SETFL, O_NONBLOCK);
    if (flock(f, LOCK_EX | LOCK_NB)) busy();
    hold();
    flock(f, LOCK_UN);
    release();
    return 0;
}
