// broken: a user has at most max_user_instances (128) inotify instances. Look: can I make 100? give them back. Mark: make 100,
// ignoring failure. Two that look first both hold.
#include "adversarial.h"
static int f[100];
int main(int count, char **words) {
    begin(count, words);
    step();
    int i;
    for (i = 0; i < 100; i++)
        if ((f[i] = inotify_init1(0)) < 0) busy();
    for (i = 0; i < 100; i++) close(f[i]);
    for (i = 0; i < 100; i++) f[i] = inotify_init1(0);
    hold();
    step();
    for (i = 0; i < 100; i++)
        if (f[i] >= 0) close(f[i]);
    step();
    release();
    return 0;
}
