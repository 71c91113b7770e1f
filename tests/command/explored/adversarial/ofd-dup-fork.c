// safe: an open file description lock, taken in a child, whose description the parent shares; the child ends, the lock stays.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600), w, p = fork();
    struct flock k = {.l_type = F_WRLCK};
    if (!p) _exit(fcntl(f, F_OFD_SETLK, &k) ? 1 : 0);
    waitpid(p, &w, 0);
    if (w) busy();
    hold();
    k.l_type = F_UNLCK;
    fcntl(f, F_OFD_SETLK, &k);
    release();
    return 0;
}
