// broken: a byte of the file is the flag; set by pwrite, cleared by fallocate(PUNCH_HOLE|KEEP_SIZE), looked at by
// lseek(SEEK_DATA).
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600);
    struct stat s;
    fstat(f, &s);
    if (!s.st_size) ftruncate(f, 65536);
    if (lseek(f, 0, SEEK_DATA) >= 0) busy();
    pwrite(f, "x", 1, 4096);
    hold();
    fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 65536);
    release();
    return 0;
}
