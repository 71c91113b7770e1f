// `two-looks kill|getpgid LOCK`. Wrong: a loser leaves its pid beside the lock. The next one looks twice whether that process is
// there, and if it went in between, takes the lock without a look at it. So an exit between two questions decides, and
// nothing else does.
#include "driver.h"

static int is_gone(const char *probe, int pid) {
    return (strcmp(probe, "kill") == 0 ? kill(pid, 0) : getpgid(pid)) < 0;
}

int main(int count, char **words) {
    char beside[PATH_MAX], text[32] = {0};
    const char *probe = words[1], *lock = words[count - 1];
    snprintf(beside, sizeof beside, "%s-loser", lock);
    int file = open(lock, O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (file >= 0) {
        close(file);
        hold();
        unlink(lock);
        say("released\n");
        return 0;
    }
    if (errno != EEXIST) fail("open");
    file = open(beside, O_CREAT | O_RDWR, 0644);
    if (file < 0) fail("open");
    if (read(file, text, sizeof text - 1) > 0) {
        int there = !is_gone(probe, atoi(text));
        if (!there || !is_gone(probe, atoi(text))) busy();
        hold();
        say("released\n");
        return 0;
    }
    dprintf(file, "%d\n", getpid());
    busy();
}
