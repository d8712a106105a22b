// SPDX-License-Identifier: GPL-3.0-or-later
#include "manifest/protected_list.h"

namespace mend::manifest {
namespace {

// clang-format off
constexpr std::string_view kNever[] = {
    // NTFS's own files: records 0 to 11 of the MFT, all named in the root.
    R"($MFT)", R"($MFTMirr)", R"($LogFile)", R"($Volume)", R"($AttrDef)", R"($Bitmap)", R"($Boot)", R"($BadClus)",
    R"($Secure)", R"($UpCase)", R"($Extend\**)",
    // The clusters of these hold BitLocker's metadata (Vista: FVE.*, later: FVE2.*).
    R"(System Volume Information\FVE*)",
};

constexpr std::string_view kNeeded[] = {
    // Boot loaders and their store, of BIOS and of UEFI, and the copies that Windows repairs them from.
    R"(bootmgr)", R"(bootmgr.efi)", R"(bootnxt)", R"(ntldr)", R"(ntdetect.com)", R"(boot.ini)",
    R"(Boot\**)", R"(EFI\**)", R"(*\Boot\**)", R"(*\System32\Boot\**)",
    R"(*\System32\winload*)", R"(*\System32\winresume*)", R"(*\System32\tcb*)", R"(*\System32\hvloader*)",
    // Restore points and the volume's own settings.
    R"(System Volume Information\**)",
    // Memory kept on the disk.
    R"(pagefile.sys)", R"(swapfile.sys)", R"(hiberfil.sys)",
    // The kernel, and what it is linked with or loads before there is a process.
    R"(*\System32\ntoskrnl.exe)", R"(*\System32\ntkrnl*.exe)", R"(*\System32\hal*.dll)", R"(*\System32\kd*.dll)",
    R"(*\System32\ci.dll)", R"(*\System32\pshed.dll)", R"(*\System32\bootvid.dll)",
    R"(*\System32\mcupdate*.dll)", R"(*\System32\apisetschema.dll)", R"(*\System32\securekernel*.exe)",
    R"(*\System32\skci.dll)", R"(*\System32\hvix64.exe)", R"(*\System32\hvax64.exe)", R"(*\System32\hvaa64.exe)",
    R"(*\System32\symcryptk.dll)", R"(*\System32\c_*.nls)", R"(*\System32\l_intl.nls)",
    R"(*\System32\locale.nls)", R"(*\System32\norm*.nls)", R"(*\INF\errata.inf)",
    R"(*\System32\CodeIntegrity\**)", R"(*\System32\catroot\**)",
    // The graphics side of the kernel, which smss starts.
    R"(*\System32\win32k*.sys)", R"(*\System32\cdd.dll)",
    // Registry hives, their logs and transactions. Not what lies below systemprofile.
    R"(*\System32\config\*)", R"(*\System32\config\TxR\*)",
    // The first processes, and what every process is linked with.
    R"(*\System32\smss.exe)", R"(*\System32\autochk.exe)", R"(*\System32\csrss.exe)", R"(*\System32\wininit.exe)",
    R"(*\System32\winlogon.exe)", R"(*\System32\services.exe)", R"(*\System32\lsass.exe)", R"(*\System32\lsaiso.exe)",
    R"(*\System32\lsm.exe)", R"(*\System32\svchost.exe)", R"(*\System32\userinit.exe)", R"(*\System32\LogonUI.exe)",
    R"(*\System32\dwm.exe)",
    R"(*\System32\ntdll.dll)", R"(*\System32\kernel32.dll)", R"(*\System32\kernelbase.dll)",
    R"(*\System32\user32.dll)", R"(*\System32\gdi32*.dll)", R"(*\System32\win32u.dll)", R"(*\System32\advapi32.dll)",
    R"(*\System32\msvcrt.dll)", R"(*\System32\msvcp_win.dll)", R"(*\System32\ucrtbase.dll)", R"(*\System32\rpcrt4.dll)",
    R"(*\System32\sechost.dll)", R"(*\System32\combase.dll)", R"(*\System32\ole32.dll)", R"(*\System32\oleaut32.dll)",
    R"(*\System32\shell32.dll)", R"(*\System32\shlwapi.dll)", R"(*\System32\shcore.dll)", R"(*\System32\imm32.dll)",
    R"(*\System32\csrsrv.dll)", R"(*\System32\basesrv.dll)", R"(*\System32\winsrv*.dll)", R"(*\System32\sxssrv.dll)",
    R"(*\System32\sxs.dll)", R"(*\System32\lsasrv.dll)", R"(*\System32\samsrv.dll)", R"(*\System32\msv1_0.dll)",
    R"(*\System32\kerberos.dll)", R"(*\System32\sspicli.dll)", R"(*\System32\sspisrv.dll)", R"(*\System32\crypt32.dll)",
    R"(*\System32\cryptbase.dll)", R"(*\System32\bcrypt*.dll)", R"(*\System32\ncrypt.dll)", R"(*\System32\profapi.dll)",
    R"(*\System32\userenv.dll)", R"(*\System32\umpnpmgr.dll)", R"(*\System32\umpo.dll)", R"(*\System32\rpcss.dll)",
    R"(*\System32\rpcepmap.dll)", R"(*\System32\wldp.dll)",
    // The directories that hold all this: a rule is for files, and these are no mistake to make twice.
    R"(Windows)", R"(Windows.old)", R"(WINNT)", R"(*\System32)", R"(*\System32\drivers)", R"(*\System32\config)",
    R"(*\System32\DriverStore)",
    R"(*\System32\DriverStore\FileRepository)", R"(*\WinSxS)", R"(*\SysWOW64)", R"(*\INF)",
    R"(Users)", R"(ProgramData)", R"(Program Files)", R"(Program Files (x86))",
};

constexpr std::string_view kBootDrivers[] = {
    // The kernel's own helpers: linked by it or by every other boot driver.
    "acpi.sys", "acpiex.sys", "acpipagr.sys", "cea.sys", "clfs.sys", "cng.sys", "condrv.sys", "crashdmp.sys",
    "dxgkrnl.sys", "dxgmms*.sys", "watchdog.sys", "basicdisplay.sys", "basicrender.sys", "vga*.sys",
    "hwpolicy.sys", "intelpep.sys", "ksecdd.sys", "ksecpkg.sys", "msrpc.sys", "ndis.sys", "netio.sys", "tcpip.sys",
    "fwpkclnt.sys", "ntosext.sys", "pcw.sys", "pdc.sys", "sleepstudyhelper.sys", "tm.sys", "wdf01000.sys",
    "wdfldr.sys", "werkernel.sys", "windowstrustedrt*.sys", "wmilib.sys", "wpprecorder.sys",
    // Buses.
    "pci.sys", "msisadrv.sys", "vdrvroot.sys",
    // From the volume down to the controller: file systems, filters, volumes, disks.
    "ntfs.sys", "fs_rec.sys", "fltmgr.sys", "fileinfo.sys", "wof.sys", "npfs.sys", "msfs.sys", "mup.sys",
    "fvevol.sys", "iorate.sys", "rdyboost.sys", "volsnap.sys", "volume.sys",
    "volmgr*.sys", "mountmgr.sys", "partmgr.sys", "disk.sys", "classpnp.sys", "spaceport.sys", "ehstor*.sys",
    "bttflt.sys",
    // Controllers in the box: NVMe, AHCI, IDE, UFS, SD, USB, SCSI.
    "storport.sys", "stornvme.sys", "storahci.sys", "storufs.sys", "scsiport.sys", "ataport.sys", "atapi.sys",
    "pciide*.sys", "intelide.sys", "msahci.sys", "amdide.sys", "amdsata.sys", "amdsbs.sys", "amdxata.sys",
    "sdbus.sys", "sdstor.sys", "usbstor.sys", "uaspstor.sys", "usbxhci.sys", "usbhub*.sys", "usbccgp.sys",
    "ucx01000.sys", "usbd.sys", "usbport.sys", "usbehci.sys",
    // RAID and vendor controllers: Intel RST and VMD, AMD, NVIDIA, Broadcom, Microchip, HPE, Dell and others.
    "iastor*.sys", "iavroc*.sys", "vmd*.sys", "rcraid.sys", "rcbottom.sys", "rccfg.sys", "nvraid.sys", "nvstor*.sys",
    "megasas*.sys", "megasr*.sys", "percsas*.sys", "lsi_*.sys", "mpi3drv*.sys", "itsas35i.sys", "smartsamd.sys",
    "smartpqi*.sys", "arcsas.sys", "adp80xx.sys", "hpsamd.sys", "3ware.sys", "vsmraid.sys", "vstxraid.sys",
    "sisraid*.sys", "stexstor.sys", "mvumis.sys", "sbp2port.sys",
    // Virtual machines: Hyper-V, VMware, virtio, Xen.
    "vmbus*.sys", "vmbkmcl*.sys", "storvsc.sys", "winhv*.sys", "vpci.sys", "pvscsi*.sys", "viostor.sys",
    "vioscsi.sys", "xen*.sys",
    // The keyboard: nobody can log on without it.
    "kbdclass.sys", "kbdhid.sys", "i8042prt.sys", "hidclass.sys", "hidparse.sys", "hidusb.sys",
};
// clang-format on

}  // namespace

std::span<const std::string_view> never_touched() {
  return kNever;
}
std::span<const std::string_view> needed_to_start() {
  return kNeeded;
}
std::span<const std::string_view> boot_drivers() {
  return kBootDrivers;
}

}  // namespace mend::manifest
