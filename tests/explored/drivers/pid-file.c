// Wrong: the lock is a file with the holder's pid, and one whose process is gone is stale. The holder leaves its file behind:
// it frees the lock by exiting. Two that find it stale both remove it, the second one removes the lock of the first. So two
// hold after a third has exited, and with less than three nothing is seen.
#include "driver.h"

// Whether the process that the file names is gone. A file without a number is being written: it is not stale.
static int stale(const char *lock) {
    char text[32] = {0};
    int file = open(lock, O_RDONLY);
    if (file < 0) return 0;
    ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    int pid = got > 0 ? atoi(text) : 0;
    return pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

int main(int count, char **words) {
    const char *lock = words[count - 1];
    for (int tries = 0; tries < 2; tries++) {
        int file = open(lock, O_CREAT | O_EXCL | O_WRONLY, 0644);
        if (file >= 0) {
            dprintf(file, "%d\n", getpid());
            close(file);
            hold();
            say("released\n");
            return 0;
        }
        if (errno != EEXIST) fail("open");
        if (!stale(lock)) busy();
        unlink(lock);
    }
    busy();
}
