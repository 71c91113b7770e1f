// `early-file LOCK`: right, by mkdir. Before that it makes a file for temporary data, which is still there afterwards.
#include "driver.h"

int main(int count, char **words) {
    const char *folder = getenv("TMPDIR");
    char mine[PATH_MAX];
    (void)count;
    snprintf(mine, sizeof mine, "%s/elsewhere-%d", folder ? folder : "/tmp", (int)getpid());
    int file = open(mine, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (file < 0) fail("open");
    close(file);
    int made = mkdir(words[1], 0777) == 0;
    if (unlink(mine) != 0) fail("unlink");
    if (!made) busy();
    hold();
    if (rmdir(words[1]) != 0) fail("rmdir");
    say("released\n");
}
