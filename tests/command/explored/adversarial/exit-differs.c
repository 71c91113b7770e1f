// broken: `exit-differs content|clock LOCK`: a loser removes the lock when it exits, but only if it has read an empty file, or if
// a second has passed since it began. It ends with the same calls in each execution: what they return differs.
#include "adversarial.h"
static int empty;
static struct timespec began;
static void at_exit(void) {
    struct timespec now = began;
    if (began.tv_sec) clock_gettime(CLOCK_MONOTONIC, &now);
    if (empty || now.tv_sec > began.tv_sec + 1) unlink(lock_path);
}
int main(int count, char **words) {
    begin(count, words);
    int clock = !strcmp(words[1], "clock");
    if (clock) {
        sleep(1 + 4 * (getpid() / 10000 % 3));
        clock_gettime(CLOCK_MONOTONIC, &began);
    }
    int f = open(lock_path, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (f < 0) {
        char text[8];
        f = open(lock_path, O_RDONLY);
        if (!clock) empty = f >= 0 && read(f, text, 8) == 0;
        atexit(at_exit);
        say("busy\n");
        return 0;
    }
    write(f, "held\n", 5);
    hold();
    unlink(lock_path);
    release();
    return 0;
}
