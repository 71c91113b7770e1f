# broken: `retry.sh COUNT LOCK`: after COUNT tries, one a second, it removes the lock and takes it.
i=0; until mkdir "$2" 2>/dev/null; do i=$((i+1)); [ $i -ge "$1" ] && { rmdir "$2"; i=0; continue; }; sleep 1; done
echo acquired; read -r _; rmdir "$2" 2>/dev/null; echo released
