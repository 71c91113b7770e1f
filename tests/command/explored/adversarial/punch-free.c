// safe: a token byte: the first creator writes it; taken by a record lock on it, tested by content; PUNCH_HOLE only on bytes
// nobody reads.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600);
    struct flock k = {.l_type = F_WRLCK};
    if (fcntl(f, F_SETLK, &k)) busy();
    pwrite(f, "xxxx", 4, 4096);
    fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096);
    hold();
    k.l_type = F_UNLCK;
    fcntl(f, F_SETLK, &k);
    release();
    return 0;
}
