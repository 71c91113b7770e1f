// `draws HOW LOCK`: right, but it looks at the lock as often as bits say that it drew at random. So an execution is repeated only
// if it draws the same bits again. It draws them after a first look, because copies of a contender share what was read before.
#include "driver.h"
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/wait.h>

// Draws often, and computes in between: who is faster differs each time.
static uint64_t draw_often(void) {
    uint64_t bits = 0;
    for (int i = 0; i < 50; i++) {
        if (getrandom(&bits, sizeof bits, 0) != sizeof bits) fail("getrandom");
        for (volatile uint64_t spin = bits & 0x3fff; spin > 0; spin--) {
        }
    }
    return bits;
}

static void *draw_beside(void *unused) {
    draw_often();
    return unused;
}

static uint64_t in_threads(void) {
    pthread_t other;
    if (pthread_create(&other, NULL, draw_beside, NULL) != 0) fail("pthread_create");
    uint64_t bits = draw_often();
    pthread_join(other, NULL);
    return bits;
}

// The child runs this program anew, which gets random bytes from the kernel as it starts.
static uint64_t in_children(const char *self) {
    int ends[2];
    uint64_t bits = 0, theirs = 0;
    if (pipe(ends) != 0) fail("pipe");
    if (fork() == 0) {
        dup2(ends[1], 1);
        execl(self, self, "child", "", NULL);
        _exit(1);
    }
    bits = draw_often();
    if (read(ends[0], &theirs, sizeof theirs) != sizeof theirs) fail("read");
    wait(NULL);
    return bits ^ theirs;
}

static int child(void) {
    uint64_t start;
    memcpy(&start, (void *)getauxval(AT_RANDOM), sizeof start);
    start ^= draw_often();
    return write(1, &start, sizeof start) != sizeof start;
}

// A name that the kernel makes up: hexadecimal digits and dashes.
static uint64_t named(const char *path) {
    char text[64];
    uint64_t bits = 0;
    int file = open(path, O_RDONLY);
    long length = read(file, text, sizeof text);
    if (file < 0 || length != 37 || text[36] != '\n' || text[14] != '4') fail(path);
    for (int i = 0; i < 36; i++) {
        if (text[i] != '-') bits = bits * 31 + (uint64_t)text[i];
    }
    if (read(file, text, sizeof text) != 0) fail("read at the end");
    close(file);
    return bits;
}

int main(int count, char **words) {
    const char *how = words[1], *lock = words[count - 1];
    struct stat seen;
    uint64_t bits = 0;
    if (!strcmp(how, "child")) return child();
    (void)stat(lock, &seen);
    if (!strcmp(how, "threads")) bits = in_threads();
    else if (!strcmp(how, "children")) bits = in_children(words[0]);
    else if (!strcmp(how, "uuid")) {
        bits = named("/proc/sys/kernel/random/uuid");
        if (bits == named("/proc/sys/kernel/random/uuid")) fail("the same name twice");
        if (named("/proc/sys/kernel/random/boot_id") != named("/proc/sys/kernel/random/boot_id")) fail("two boots");
    } else fail("how");
    for (bits = (bits * 0x9e3779b97f4a7c15ull) >> 40; bits & 1; bits >>= 1) (void)stat(lock, &seen);
    int file = open(lock, O_CREAT | O_WRONLY | O_EXCL, 0644);
    if (file < 0 && errno == EEXIST) busy();
    if (file < 0) fail("open");
    close(file);
    hold();
    if (unlink(lock) != 0) fail("unlink");
    say("released\n");
}
