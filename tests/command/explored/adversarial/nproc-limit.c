// broken: user 65534 may have 8 processes: look = can I start 4 children? end them; mark = start 4 again, ignoring failure. Two
// that look first both hold (must start as root).
#include "adversarial.h"
static int k[4];
static int start(void) {
    int i, bad = 0;
    for (i = 0; i < 4; i++) {
        k[i] = fork();
        if (!k[i]) {
            pause();
            _exit(0);
        }
        bad |= k[i] < 0;
    }
    return bad;
}
static void stop(void) {
    int i, w;
    for (i = 0; i < 4; i++)
        if (k[i] > 0) {
            kill(k[i], SIGKILL);
            waitpid(k[i], &w, 0);
        }
}
int main(int count, char **words) {
    begin(count, words);
    step();
    struct rlimit r = {8, 8};
    setrlimit(RLIMIT_NPROC, &r);
    if (setresuid(65534, 65534, 65534)) fail("setresuid");
    int bad = start();
    stop();
    if (bad) busy();
    start();
    hold();
    step();
    stop();
    step();
    release();
    return 0;
}
