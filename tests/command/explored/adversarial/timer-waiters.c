// broken: a thread waits for a timer, by a descriptor or a signal, and removes the lock 20 ms into the hold.
#include "adversarial.h"
#include <sys/timerfd.h>
#include <sys/epoll.h>
static volatile int held; static const char*kind; static int tf=-1;
static void gone(union sigval v){(void)v; if(held) unlink(lock_path);} 
static void *w(void *u){ (void)u; union sigval z={0}; uint64_t n; struct epoll_event e={EPOLLIN,{0}};
 if(!strcmp(kind,"file")) { if(read(tf,&n,8)==8) gone(z);} 
 else if(!strcmp(kind,"epoll")) { int ep=epoll_create1(0); epoll_ctl(ep,EPOLL_CTL_ADD,tf,&e); if(epoll_wait(ep,&e,1,-1)==1) gone(z);} 
 else { sigset_t s; sigemptyset(&s); sigaddset(&s,SIGALRM); int g; sigwait(&s,&g); gone(z);} return 0;}
int main(int c,char**v){ begin(c,v); kind=v[1];
 struct itimerspec i={{0,0},{0,20000000}}; struct itimerval iv={{0,0},{0,20000}}; pthread_t t;
 int fd=open(lock_path,O_CREAT|O_EXCL|O_WRONLY,0600); if(fd<0) busy();
 if(!strcmp(kind,"event")){ struct sigevent e; memset(&e,0,sizeof e); e.sigev_notify=SIGEV_THREAD; e.sigev_notify_function=gone; timer_t tm; timer_create(CLOCK_MONOTONIC,&e,&tm); timer_settime(tm,0,&i,0);} 
 else if(!strcmp(kind,"wait")){ sigset_t s; sigemptyset(&s); sigaddset(&s,SIGALRM); pthread_sigmask(SIG_BLOCK,&s,0); pthread_create(&t,0,w,0); setitimer(ITIMER_REAL,&iv,0);} 
 else { tf=timerfd_create(CLOCK_MONOTONIC,0); timerfd_settime(tf,0,&i,0); pthread_create(&t,0,w,0);} 
 held=1; hold(); held=0; unlink(lock_path); release(); }
