# `uptime.sh LOCK`: wrong. It waits until the machine is two seconds older, and then takes the lock even if another holds it.
now() {
    IFS=. read -r seconds _ </proc/uptime
    echo "$seconds"
}
end=$(($(now) + 2))
until mkdir "$1" 2>/dev/null; do
    [ "$(now)" -lt "$end" ] || break
    sleep 0.2
done
echo acquired
read -r _
rmdir "$1" 2>/dev/null
echo released
