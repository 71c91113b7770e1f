// broken: `wait-10s MILLISECONDS LOCK` polls so often; when the clock says that 10 s have passed it goes in without the lock.
#include "adversarial.h"
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}
int main(int count, char **words) {
    begin(count, words);
    double end = now() + 10;
    while (open(lock_path, O_CREAT | O_EXCL, 0600) < 0 && now() < end) usleep(1000 * atoi(words[1]));
    hold();
    unlink(lock_path);
    release();
    return 0;
}
