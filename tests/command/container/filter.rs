//! A filter that refuses what Docker's default profile refuses without added capabilities.
//!
//! Source: `profiles/seccomp/default_linux.go` of moby/moby, which lists what it allows; here is a table of what is left. Podman
//! and Kubernetes (`RuntimeDefault`) have nearly the same profile.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter, sock_filter,
};

/// Calls that need a capability which a container does not have by default, or that no container may make.
#[rustfmt::skip] // By subject.
const REFUSED: &[libc::c_long] = &[
    // CAP_SYS_ADMIN: mounts, namespaces, names, quotas.
    libc::SYS_mount, libc::SYS_umount2, libc::SYS_fsopen, libc::SYS_fsconfig, libc::SYS_fsmount, libc::SYS_fspick,
    libc::SYS_move_mount, libc::SYS_open_tree, libc::SYS_mount_setattr, libc::SYS_unshare, libc::SYS_setns,
    libc::SYS_sethostname, libc::SYS_setdomainname, libc::SYS_quotactl, libc::SYS_quotactl_fd, libc::SYS_fanotify_init,
    libc::SYS_pivot_root,
    // CAP_SYS_PTRACE: ptrace(2) itself is allowed from kernel 4.8 on.
    libc::SYS_kcmp, libc::SYS_pidfd_getfd, libc::SYS_process_madvise,
    // CAP_BPF, CAP_PERFMON, CAP_SYSLOG.
    libc::SYS_bpf, libc::SYS_perf_event_open, libc::SYS_syslog,
    // CAP_SYS_NICE.
    libc::SYS_get_mempolicy, libc::SYS_set_mempolicy, libc::SYS_mbind, libc::SYS_set_mempolicy_home_node,
    libc::SYS_move_pages, libc::SYS_migrate_pages,
    // CAP_SYS_TIME, CAP_SYS_BOOT, CAP_SYS_MODULE, CAP_SYS_PACCT, CAP_SYS_TTY_CONFIG, CAP_DAC_READ_SEARCH.
    libc::SYS_settimeofday, libc::SYS_clock_settime, libc::SYS_reboot, libc::SYS_kexec_load, libc::SYS_kexec_file_load,
    libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module, libc::SYS_acct, libc::SYS_vhangup,
    libc::SYS_open_by_handle_at,
    // No container.
    libc::SYS_add_key, libc::SYS_request_key, libc::SYS_keyctl, libc::SYS_userfaultfd, libc::SYS_swapon, libc::SYS_swapoff,
    libc::SYS_nfsservctl, libc::SYS_lookup_dcookie, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// The arguments of personality(2) that the profile allows.
const PERSONALITIES: [u64; 5] = [0, 0x0008, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// Sockets to the host of a virtual machine: `include/linux/socket.h`; libc has no name for it here.
const AF_VSOCK: u64 = 40;

/// The flags of clone(2) that make a namespace.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWCGROUP,
];

/// The first call number that runc takes for unknown: it returns `ENOSYS` for what is newer than the profile. `mseal`, 462, is
/// the last one that the profile names.
const FIRST_UNKNOWN: u32 = 463;

/// The capabilities that a container has by default, as words of setpriv(1).
pub(super) const CAPABILITIES: &str = "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,\
+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap";

/// Puts this thread, and what it starts, under the filter, for ever.
///
/// # Errors
///
/// When the kernel takes no filter.
pub(super) fn enter() -> Result<(), String> {
    let refused = refused().map_err(|error| error.to_string())?;
    for filter in [refused, unknown()] {
        apply_filter(&filter).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Returns `EPERM` for what is refused.
fn refused() -> Result<BpfProgram, seccompiler::BackendError> {
    let condition =
        |argument, operation, value: u64| SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operation, value);
    let mut rules: std::collections::BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let others = PERSONALITIES.map(|value| condition(0, SeccompCmpOp::Ne, value));
    let others = others.into_iter().collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_personality, vec![SeccompRule::new(others)?]);
    let makes = |flag: libc::c_int| {
        let flag = u64::from(flag.cast_unsigned());
        SeccompRule::new(vec![condition(0, SeccompCmpOp::MaskedEq(flag), flag)?])
    };
    rules.insert(
        libc::SYS_clone,
        NAMESPACES.into_iter().map(makes).collect::<Result<_, _>>()?,
    );
    let vsock = condition(0, SeccompCmpOp::Eq, AF_VSOCK)?;
    rules.insert(libc::SYS_socket, vec![SeccompRule::new(vec![vsock])?]);
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        std::env::consts::ARCH.try_into()?,
    )?;
    filter.try_into()
}

/// Returns `ENOSYS` for clone3(2), whose flags no filter can read, and for unknown calls.
fn unknown() -> BpfProgram {
    let statement = |code: u32, k| sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    };
    let jump = |test: u32, k, jt| sock_filter {
        code: (libc::BPF_JMP | test | libc::BPF_K) as u16,
        jt,
        jf: 0,
        k,
    };
    vec![
        // The number is the first field of `struct seccomp_data`.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        jump(libc::BPF_JGE, FIRST_UNKNOWN, 2),
        jump(libc::BPF_JEQ, libc::SYS_clone3 as u32, 1),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
        statement(
            libc::BPF_RET | libc::BPF_K,
            libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32,
        ),
    ]
}
