// broken: a child has the flock, and ends by its own alarm while the contender still says that it holds the lock.
#include "adversarial.h"

int main(int count, char **words) {
    int answer[2];
    char taken = 0;
    lock_path = words[count - 1];
    if (pipe(answer) != 0) fail("pipe");
    pid_t child = fork();
    if (child == 0) {
        int file = open(lock_path, O_CREAT | O_RDWR, 0600);
        taken = flock(file, LOCK_EX | LOCK_NB) == 0;
        alarm(30);
        if (write(answer[1], &taken, 1) != 1) fail("write");
        for (;;) pause();
    }
    if (read(answer[0], &taken, 1) != 1) fail("read");
    if (taken) hold();
    kill(child, SIGKILL);
    waitpid(child, 0, 0);
    if (!taken) busy();
    release();
}
