// safe: mkdir by a sibling (CLONE_PARENT) that answers by a pipe.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int q[2];
    char c;
    pipe(q);
    int p = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (!p) {
        c = mkdir(lock_path, 0700) ? 'b' : 'a';
        write(q[1], &c, 1);
        _exit(0);
    }
    read(q[0], &c, 1);
    if (c == 'b') busy();
    hold();
    rmdir(lock_path);
    release();
    return 0;
}
