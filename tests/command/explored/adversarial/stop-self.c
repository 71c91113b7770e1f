// safe: mkdir; a child stops itself (SIGSTOP) and is continued.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int p = fork(), w;
    if (!p) {
        raise(SIGSTOP);
        _exit(0);
    }
    waitpid(p, &w, WUNTRACED);
    kill(p, SIGCONT);
    waitpid(p, &w, 0);
    if (mkdir(lock_path, 0700)) busy();
    hold();
    rmdir(lock_path);
    release();
    return 0;
}
