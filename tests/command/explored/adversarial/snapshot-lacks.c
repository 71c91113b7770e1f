// State of a process that a fork does not copy, or shares, set before the first step. A contender is the same whether it was
// started or copied.
// priority safe: SCHED_RESET_ON_FORK, set and asked for again after the try; it never changes.
// robust safe: the parent dies with a robust mutex, whose next owner, its child, holds from then on.
// append safe: O_APPEND of a file of the machine is set by the holder alone, on a description of its own.
// join broken: the first thread looks, then creates, and ends; a second thread joins it and holds.
#include "adversarial.h"
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};
static pthread_t first;
static int made;
static void hold_and_remove(void) {
    hold();
    unlink(lock_path);
    release();
}
static void *join(void *unused) {
    pthread_join(first, 0);
    hold_and_remove();
    return unused;
}
static void try_to_make(void) { made = open(lock_path, O_CREAT | O_EXCL | O_WRONLY, 0600) >= 0; }
static void priority(void) {
    struct attributes new = {sizeof new, 0, 1, -5};
    syscall(SYS_sched_setattr, 0, &new, 0);
    int before = getpriority(PRIO_PROCESS, 0);
    try_to_make();
    if (!made && getpriority(PRIO_PROCESS, 0) == before) busy();
}
static void robust(void) {
    try_to_make();
    if (!made) busy();
    pthread_mutex_t *mutex = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&shared, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(mutex, &shared);
    pthread_mutex_lock(mutex);
    if (fork()) _exit(0);
    pthread_mutex_lock(mutex);
}
int main(int count, char **words) {
    begin(count, words);
    if (!strcmp(words[1], "priority")) priority();
    if (!strcmp(words[1], "robust")) robust();
    if (!strcmp(words[1], "append")) {
        int file = open("/etc/passwd", O_RDONLY);
        try_to_make();
        if (!made && !(fcntl(file, F_GETFL) & O_APPEND)) busy();
        fcntl(file, F_SETFL, O_APPEND);
    }
    if (!strcmp(words[1], "join")) {
        pthread_t second;
        first = pthread_self();
        if (!access(lock_path, F_OK)) busy();
        close(open(lock_path, O_CREAT | O_WRONLY, 0600));
        pthread_create(&second, 0, join, 0);
        pthread_exit(0);
    }
    hold_and_remove();
    return 0;
}
