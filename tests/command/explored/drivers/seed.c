// `seed create-new|stat-then-write LOCK`: the two locks that onewinner began with, in C.
// create-new is right: one system call makes the file or fails. stat-then-write is wrong: two that look before either writes
// both find nothing.
#include "driver.h"

int main(int count, char **words) {
    int new = count == 3 && strcmp(words[1], "create-new") == 0;
    const char *lock = words[2];
    struct stat seen;
    if (!new && stat(lock, &seen) == 0) busy();
    int file = open(lock, O_CREAT | O_WRONLY | (new ? O_EXCL : O_TRUNC), 0644);
    if (file < 0 && errno == EEXIST) busy();
    if (file < 0) fail("open");
    if (!new && write(file, "locked\n", 7) != 7) fail("write");
    close(file);
    hold();
    if (unlink(lock) != 0 && errno != ENOENT) fail("unlink");
    say("released\n");
}
