// `timer-between alarm|held|file LOCK`, broken:
// - alarm: the handler of a time limit removes the lock, and may run between the creation and the end of the limit.
// - held: the limit is never stopped, so that it removes the lock of a holder.
// - file: a time limit behind a descriptor, which is looked at between two calls.
#include "adversarial.h"
#include <sys/timerfd.h>
static void late(int number) { unlink(lock_path); }
int main(int count, char **words) {
    const char *how = words[1];
    begin(count - 1, words + 1);
    int limit = -1, file, is_held = !strcmp(how, "held");
    struct sigaction act = {.sa_handler = late, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &act, NULL);
    if (is_held) alarm(5);
    file = open(lock_path, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (file < 0) busy();
    if (!strcmp(how, "alarm")) alarm(5);
    if (!strcmp(how, "file")) {
        struct itimerspec five = {.it_value = {.tv_sec = 5}};
        limit = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        timerfd_settime(limit, 0, &five, NULL);
    }
    if (write(file, "1\n", 2) != 2) return 1;
    fsync(file);
    unsigned long long times = 0;
    if (limit >= 0 && read(limit, &times, sizeof times) == sizeof times) unlink(lock_path);
    if (!is_held) alarm(0);
    hold();
    alarm(0);
    unlink(lock_path);
    release();
    return 0;
}
