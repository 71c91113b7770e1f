# broken: a threading.Timer (`t`), or a thread that sleeps (`m`), removes the lock 10 ms after `released`.
import os,sys,threading,time
p=sys.argv[2]
try: os.close(os.open(p,os.O_CREAT|os.O_EXCL|os.O_WRONLY))
except FileExistsError:
    print("busy",flush=True); sys.exit()
print("acquired",flush=True); sys.stdin.readline(); os.unlink(p)
print("released",flush=True)
def clean():
    try: os.unlink(p)
    except FileNotFoundError: pass
if sys.argv[1]=="m": time.sleep(0.01); clean()
else:
    t=threading.Timer(0.01,clean); t.start(); t.join()
