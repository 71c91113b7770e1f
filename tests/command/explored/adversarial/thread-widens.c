// safe: a record lock on a byte by the first thread; a second thread widens it with F_SETLKW. The locks of one process never wait
// for each other.
#include "adversarial.h"
static int f;
static void *widen(void *unused) {
    struct flock l = {.l_type = F_WRLCK};
    return (void *)(long)fcntl(f, F_SETLKW, &l);
}
int main(int count, char **words) {
    begin(count, words);
    f = open(lock_path, O_CREAT | O_RDWR, 0600);
    struct flock l = {.l_type = F_WRLCK, .l_len = 1};
    if (fcntl(f, F_SETLK, &l)) busy();
    pthread_t thread;
    void *failed;
    pthread_create(&thread, 0, widen, 0);
    pthread_join(thread, &failed);
    if (failed) fail("fcntl");
    hold();
    close(f);
    release();
    return 0;
}
