// `sees HOW LOCK`. As `looks`: it looks whether another process holds the lock, then holds it all the same. HOW names an object
// through which it sees a holder. Nothing else that both use changes between the two, and one of them is busy with changes of
// its own before it looks, the other one after: a search that misses the object sees no reason to stop either there.
#include "driver.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

static const char *lock;
static char folder[PATH_MAX];
static char shared[PATH_MAX + 16]; // A second name, the same for all.
static char own[PATH_MAX + 64]; // One of its own.
static int file = -1, other = -1;

static void always(void) {
    file = open(lock, O_CREAT | O_RDWR, 0644);
    if (file < 0) fail("open");
}

static struct stat status(const char *path) {
    struct stat now = {0};
    if (stat(path, &now) != 0) fail("stat");
    return now;
}

static void make(const char *name) { close(open(name, O_CREAT | O_WRONLY, 0644)); }

// The permissions, by access(2).
static int access_seen(void) { always(); return access(lock, X_OK) == 0; }
static void access_tell(void) { fchmod(file, 0755); }

// The attributes of a file, by an extended one.
static int attribute_seen(void) { always(); return flistxattr(file, NULL, 0) > 0; }
static void attribute_tell(void) { if (fsetxattr(file, "user.held", "x", 1, 0) != 0) fail("fsetxattr"); }

// The link count of a directory.
static int folders_seen(void) { return status(folder).st_nlink > 4; }
static void folders_tell(void) { mkdir(own, 0755); }

// The times of a file: nothing else of it changes.
static int times_seen(void) {
    always();
    return status(lock).st_mtime == 1;
}
static void times_tell(void) {
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    futimens(file, times);
}

// The times again: O_TRUNC of an empty file. Here the holder is seen by what is no longer there.
static int emptied_seen(void) {
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    file = open(lock, O_CREAT | O_EXCL | O_RDWR, 0644);
    if (file >= 0) futimens(file, times);
    else always();
    return status(lock).st_mtime != 1;
}
static void emptied_tell(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    close(open(path, O_WRONLY | O_TRUNC));
}

// The new name of a link, and that of a file without a name.
static int linked_seen(void) { make(own); return access(shared, F_OK) == 0; }
static void linked_tell(void) { link(own, shared); }
static int unnamed_seen(void) {
    other = open(folder, O_TMPFILE | O_RDWR, 0644);
    if (other < 0) fail("O_TMPFILE");
    return access(shared, F_OK) == 0;
}
static void unnamed_tell(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", other);
    linkat(AT_FDCWD, path, AT_FDCWD, shared, AT_SYMLINK_FOLLOW);
}

// The link count of a file whose new name is made through a descriptor.
static int counted_seen(void) { always(); return status(lock).st_nlink > 1; }
static void counted_tell(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (linkat(AT_FDCWD, path, AT_FDCWD, own, AT_SYMLINK_FOLLOW) != 0) fail("linkat");
}

// A kernel lock on what is no regular file.
static int probed(const char *path, int flags) {
    file = open(path, flags);
    other = open(path, flags);
    if (file < 0 || other < 0) fail("open");
    if (flock(file, LOCK_EX | LOCK_NB) != 0) return 1;
    flock(file, LOCK_UN);
    return 0;
}
static void probed_tell(void) { flock(other, LOCK_SH | LOCK_NB); }
static int device_seen(void) { return probed("/dev/full", O_RDWR); }
static int folder_seen(void) { return probed(folder, O_RDONLY | O_DIRECTORY); }
static int pipe_seen(void) { mkfifo(shared, 0644); return probed(shared, O_RDWR); }

// What is in a named pipe: reading takes it out.
static int bytes_seen(void) {
    char byte;
    mkfifo(shared, 0644);
    file = open(shared, O_RDWR | O_NONBLOCK);
    return read(file, &byte, 1) == 1;
}
static void bytes_tell(void) { (void)!write(file, "x", 1); }

// Names behind links of /proc.
static int task_seen(void) {
    if (chdir(folder) != 0) fail("chdir");
    snprintf(own, sizeof own, "/proc/self/task/%d/cwd/shared", getpid());
    return access(own, F_OK) == 0;
}
static void task_tell(void) { mkdir(own, 0755); }
static int detour_seen(void) {
    snprintf(own, sizeof own, "/usr/../proc/self/root%s", shared);
    return access(own, F_OK) == 0;
}
static void detour_tell(void) { mkdir(own, 0755); }

// Ports and names of sockets.
static struct sockaddr_in port(void) {
    // The same in each execution, as it is shown; no other test uses it.
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(28613)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}
static int port_seen(void) {
    struct sockaddr_in address = port();
    int probe = socket(AF_INET, SOCK_STREAM, 0), there = connect(probe, (void *)&address, sizeof address) == 0;
    close(probe);
    return there;
}
static void port_tell(void) {
    struct sockaddr_in address = port();
    int one = 1;
    file = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(file, (void *)&address, sizeof address) == 0) listen(file, 9);
}

// A directory that belongs to the first process, and one for the second.
static int role = -1, room = -1;
static void enter(void) {
    char path[PATH_MAX + 16];
    for (int each = 0; each < 2 && role < 0; each++) {
        snprintf(path, sizeof path, "%s.%d", lock, each);
        if (mkdir(path, 0755) == 0) role = each;
    }
    if (role < 0) busy();
    room = open(path, O_RDONLY | O_DIRECTORY);
}

// Changes that nobody else sees.
static void privately(int times) {
    for (int each = 0; each < times; each++) fchmod(room, each % 2 ? 0755 : 0711);
}

static const struct {
    const char *how;
    int (*seen)(void);
    void (*tell)(void);
} ways[] = {
    {"access", access_seen, access_tell},    {"attribute", attribute_seen, attribute_tell},
    {"folders", folders_seen, folders_tell}, {"times", times_seen, times_tell},
    {"emptied", emptied_seen, emptied_tell}, {"linked", linked_seen, linked_tell},
    {"unnamed", unnamed_seen, unnamed_tell}, {"counted", counted_seen, counted_tell},
    {"device", device_seen, probed_tell},    {"folder", folder_seen, probed_tell},
    {"pipe", pipe_seen, probed_tell},        {"bytes", bytes_seen, bytes_tell},
    {"task", task_seen, task_tell},          {"detour", detour_seen, detour_tell},
    {"port", port_seen, port_tell},
};

int main(int count, char **words) {
    lock = words[count - 1];
    snprintf(folder, sizeof folder, "%s", lock);
    *strrchr(folder, '/') = 0;
    snprintf(shared, sizeof shared, "%s/shared", folder);
    snprintf(own, sizeof own, "%s/by-%d", folder, getpid());
    for (unsigned each = 0; each < sizeof ways / sizeof *ways; each++) {
        if (strcmp(ways[each].how, words[1]) != 0) continue;
        enter();
        if (role == 1) privately(8);
        if (ways[each].seen()) busy();
        if (role == 0) privately(3);
        ways[each].tell();
        hold();
        say("released\n");
        return 0;
    }
    say("error there is no way %s\n", words[1]);
}
