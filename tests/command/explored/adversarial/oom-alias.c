// broken: four files of the parent in /proc show one value. Who is first uses two of them, the other the others: look, then set.
#include "adversarial.h"
static char b[8];
static char *pp(const char *n) {
    char *p = malloc(99);
    sprintf(p, n, getppid(), getppid());
    return p;
}
static int oom(char *p, int set) {
    memset(b, 0, 8);
    int f = open(p, set < 0 ? O_RDONLY : O_WRONLY);
    if (f < 0) fail(p);
    if (set < 0) read(f, b, 7);
    else {
        sprintf(b, "%d", set);
        write(f, b, strlen(b));
    }
    close(f);
    return atoi(b);
}
int main(int count, char **words) {
    begin(count, words);
    int first = !mkdir(at(".role"), 0700);
    char *l = pp(first ? "/proc/%d/oom_adj" : "/proc/%d/task/%d/oom_score_adj"),
         *m = pp(first ? "/proc/%d/oom_score_adj" : "/proc/%d/task/%d/oom_adj");
    int v = first ? 500 : 8;
    if (first) oom(m, 0);
    step();
    if (oom(l, -1)) busy();
    oom(m, v);
    hold();
    step();
    oom(m, 0);
    step();
    release();
    return 0;
}
