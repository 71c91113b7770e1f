// Record locks of two or three in a circle: each takes a byte of its own, then waits for the byte of the next one. The kernel
// refuses the last with EDEADLK (fs/locks.c, posix_locks_deadlock).
// two, three, mixed broken: an error of the second call is taken for a file system without locks: it closes the file, which
// frees its byte, and goes on. The one before it gets both bytes and holds too. `mixed`: the second byte is that of an open file
// description; the kernel finds the circle if the process comes last.
// right safe: it gives up and frees its byte, and the other one gets in.
#include "adversarial.h"
static int take(int f, int command, int byte) {
    struct flock l = {.l_type = F_WRLCK, .l_start = byte, .l_len = 1};
    return fcntl(f, command, &l);
}
int main(int count, char **words) {
    begin(count, words);
    char *how = words[1];
    int all = strcmp(how, "three") ? 2 : 3, own = 0;
    while (own < all - 1 && open(at(own ? ".second" : ".first"), O_CREAT | O_EXCL, 0600) < 0) own++;
    int command = !strcmp(how, "mixed") && own == 1 ? F_OFD_SETLKW : F_SETLKW;
    int f = open(lock_path, O_CREAT | O_RDWR, 0600);
    if (take(f, command, own)) fail("fcntl");
    if (take(f, command, (own + 1) % all)) {
        if (!strcmp(how, "right")) busy();
        close(f);
    }
    hold();
    close(f);
    release();
    return 0;
}
