// broken: `group-kill early LOCK` has a child that holds a flock, and ends it by a signal to its process group before it says that
// it holds. safe: `group-kill late LOCK` sends that signal to release. timeout(1) ends its command so.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int ready[2];
    setpgid(0, 0);
    signal(SIGTERM, SIG_IGN);
    if (pipe(ready)) fail("pipe");
    if (!fork()) {
        signal(SIGTERM, SIG_DFL);
        int f = open(lock_path, O_CREAT | O_RDWR, 0600);
        char got = flock(f, LOCK_EX | LOCK_NB) ? 'n' : 'y';
        write(ready[1], &got, 1);
        if (got == 'n') _exit(0);
        for (;;) pause();
    }
    char got = 0;
    read(ready[0], &got, 1);
    if (got != 'y') busy();
    int early = !strcmp(words[1], "early");
    if (early) kill(0, SIGTERM), wait(0);
    hold();
    if (!early) kill(-getpid(), SIGTERM), wait(0);
    release();
    return 0;
}
