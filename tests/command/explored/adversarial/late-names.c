// broken: one that still shows its old name, or few threads, counts as dead, and a holder changes that after it has the lock.
#include "adversarial.h"
#include <sys/prctl.h>
static volatile int held; static const char*kind;
static void *forever(void*u){ for(;;) pause(); return u;}
static void *w(void *u){(void)u; int n=0; for(;;){ usleep(1000); if(held && ++n==3) break; }
 if(!strcmp(kind,"tname")){ char b[64]; snprintf(b,64,"/proc/self/task/%d/comm",getpid()); int fd=open(b,O_WRONLY); if(write(fd,"holder",6)!=6) abort(); close(fd);} 
 if(!strcmp(kind,"thread")){ pthread_t t; pthread_create(&t,0,forever,0);} 
 return forever(0);}
static int before(int pid){ char b[64],x[8192]={0}; snprintf(b,64,"/proc/%d/%s",pid,!strcmp(kind,"thread")?"stat":"comm"); int fd=open(b,O_RDONLY); if(fd<0) return 0;
 if(read(fd,x,8191)<=0) return 0; close(fd);
 if(strcmp(kind,"thread")) return strcmp(x,"holder\n");
 char*a=strrchr(x,')')+2; for(int i=3;i<20;i++) a=strchr(a,' ')+1; return atoi(a)==2; }
int main(int c,char**v){ begin(c,v); kind=v[1];
 if(strcmp(kind,"name")){ pthread_t t; pthread_create(&t,0,w,0);} 
 char n[32]; snprintf(n,32,"%d",getpid());
 if(symlink(n,lock_path)){ char l[64]={0}; if(readlink(lock_path,l,63)<0) busy(); if(!before(atoi(l))) busy(); unlink(lock_path); if(symlink(n,lock_path)) busy(); }
 say("acquired\n"); held=1; if(!strcmp(kind,"name")) prctl(PR_SET_NAME,"holder");
 char l; if(read(0,&l,1)){} held=0; unlink(lock_path); release(); }
