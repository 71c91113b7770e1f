// broken: a holder leads a process group; setpgid of a child into that group shows whether it exists. All look, then lead: two
// that look before either leads both hold.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(at(".pids"), O_CREAT | O_RDWR | O_APPEND, 0600);
    int me = getpid(), all[64], i, w;
    write(f, &me, sizeof me);
    int n = pread(f, all, sizeof all, 0) / 4, hit = 0;
    int c = fork();
    if (!c) {
        pause();
        _exit(0);
    }
    for (i = 0; i < n; i++)
        if (all[i] != me && !setpgid(c, all[i])) hit = 1;
    kill(c, SIGKILL);
    waitpid(c, &w, 0);
    if (hit) busy();
    setpgid(0, 0);
    hold();
    step();
    setpgid(0, getpgid(getppid()));
    step();
    release();
    return 0;
}
