// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that the console says, in one place, so that it can be translated: what stands between braces is
// filled in by fmt. Written for the full screen's 80 columns; nothing here is longer than 76 but where it is
// wrapped. What describes a volume stands in show.cc, since scripts read it too.
#pragma once

namespace mend::console::texts {

// The verdict.
inline constexpr char kFixed[] = "FIXED";
inline constexpr char kFixedEarlier[] = "FIXED EARLIER";
inline constexpr char kNothingFound[] = "NOTHING FOUND";
inline constexpr char kNeedsYou[] = "NEEDS YOU";
inline constexpr char kLookedOnly[] = "LOOKED ONLY";
inline constexpr char kUndone[] = "UNDONE";
inline constexpr char kBig[] = "*** {} ***";

inline constexpr char kCanStart[] = "Windows can start.";
inline constexpr char kRepairedOn[] = "This stick repaired this PC on {}; nothing is left to do.";
inline constexpr char kNothingHere[] = "None of what this stick repairs is on this PC.";
inline constexpr char kOtherCause[] = "If it still does not start, the cause is another one.";
inline constexpr char kNothingChanged[] = "Nothing was changed.";
inline constexpr char kUnchanged[] = "No disk of this PC was changed.";
inline constexpr char kCall[] = "Call: ";
inline constexpr char kInternal[] =
    "The program failed. The disk is as it was unless the log says that writing began.";
inline constexpr char kUndoneAdvice[] = "The volume is as it was before the repair.";
inline constexpr char kNotUndone[] = "It could not be undone.";

inline constexpr char kStuckJournal[] =
    "Work that was interrupted here cannot be finished: keep this stick, and get help.";
inline constexpr char kNoWindows[] = "No Windows was found on this PC.";
inline constexpr char kNoDisk[] =
    "No disk is built into this PC, or the kernel on this stick does not know its controller.";
inline constexpr char kLocked1[] = "No key on this stick opens the drive. Find the recovery key with";
inline constexpr char kLocked2[] = "its ID and run again; the ID is in wanted-keys.csv on the stick too.";
inline constexpr char kUnsafe[] = "Windows left its drive in a state in which a repair could do harm.";
inline constexpr char kRefused[] = "A rule or a safety check forbids this repair.";
inline constexpr char kUnsupported[] = "This is a kind of disk or drive that cannot be repaired from here.";
inline constexpr char kDamaged[] =
    "The drive's own structures are damaged: make a copy of it before anything else.";
inline constexpr char kFailed[] = "A disk or the stick failed. Make a copy of the disk before anything else.";
inline constexpr char kSeeVolumes[] = "See what is said of the volumes.";
inline constexpr char kNoLog1[] =
    "Without a log on the stick nothing is written to a disk. Is the stick full? Move old";
inline constexpr char kNoLog2[] =
    "logs away from it. Has it a switch against writing? Else take another stick.";
inline constexpr char kLeftAlone[] = "{} is not built into this PC and was left alone.";

// The log and its receipt.
inline constexpr char kLog[] = "Log: {}";
inline constexpr char kClosing[] = "Its closing SHA-256:";
inline constexpr char kReceipt[] = "Its receipt, to note or to read over the phone: {}";
inline constexpr char kReceiptShort[] = "Receipt: {}";
inline constexpr char kReceiptTitle[] = "Receipt";
inline constexpr char kReceiptHint[] = "Photograph the code, or note the receipt, for the ticket.";
inline constexpr char kReceiptTooSmall[] = "This screen has no room for the code: note the receipt instead.";

// Heading.
inline constexpr char kImageOf[] = "image of {}";
inline constexpr char kFor[] = "for {}";
inline constexpr char kThisPc[] = "This PC:";
inline constexpr char kNoName[] = "its firmware does not name it";
inline constexpr char kSerial[] = "serial number {}";
inline constexpr char kHost[] = "host {}";
inline constexpr char kAsks[] = "Asks before anything is changed.";
inline constexpr char kOnlyLooks[] = "Only looks; changes nothing.";

// While it works.
inline constexpr char kNow[] = "Now: {}";
inline constexpr char kElapsed[] = "Elapsed {}";
inline constexpr char kStarting[] = "starting";
inline constexpr char kBitlocker[] = "BitLocker";
inline constexpr char kLockedNow[] = "locked";
inline constexpr char kUnlocked[] = "unlocked";
inline constexpr char kSearching[] = "Keys at hand are being tried on {}. Have you its key? Press F2.";
inline constexpr char kKeyFits[] = "A key at hand opened {}.";
inline constexpr char kWait[] = "Leave the stick in, and the PC on.";

// A key is missing.
inline constexpr char kLockedTitle[] = "{} is locked";
inline constexpr char kKeyringTitle[] = "The keys on this stick are sealed";
inline constexpr char kKeyringAsk[] = "Type the passphrase from the card of {}:";
inline constexpr char kCallsItself[] = "It calls itself: {}";
inline constexpr char kKeyId[] = "Recovery key ID";
inline constexpr char kNoRecoveryKey[] = "It has no recovery key: it takes a password or a key file.";
inline constexpr char kTypeKey[] = "Type, scan or paste the recovery key with this ID, then press Enter:";
inline constexpr char kTypePassword[] = "Type the BitLocker password, then press Enter:";
inline constexpr char kTypePassphrase[] = "Type the passphrase, then press Enter:";
inline constexpr char kGroupRight[] = "ok";
inline constexpr char kGroupWrong[] = "WRONG";
inline constexpr char kGroupShort[] = "SHORT";
inline constexpr char kGroupIsWrong[] = "Group {} is wrong: look at its six digits again.";
inline constexpr char kAllRight[] = "All groups are right. Press Enter.";
inline constexpr char kDigitsLeft[] = "{} groups to go.";
inline constexpr char kTrying[] = "Trying the key ...";
inline constexpr char kOnlyDigits[] = "Only digits count here. F3: type a password instead.";
inline constexpr char kOnlyDigitsPassphrase[] = "Only digits count here.";
inline constexpr char kSkipAgain[] = "Press F6 again to leave this drive locked.";
inline constexpr char kLooking[] = "Looking for key files on other sticks ...";
inline constexpr char kKeysRead[] = "Keys were read from {}.";
inline constexpr char kNoKeyFiles[] = "No key file was found: no other stick is plugged in.";
inline constexpr char kNoKeyFileOn[] =
    "No key file was found on {}, neither at its top nor in a folder named keys.";
inline constexpr char kKeysNone[] = "There is no key on this stick.";
inline constexpr char kKeyboard[] = "Keyboard: {}";
inline constexpr char kWantedNoted[] = "The IDs of the keys wanted are in wanted-keys.csv on the stick.";

// The keys at the bottom.
inline constexpr char kFootShow[] = "F2 show";
inline constexpr char kFootHide[] = "F2 hide";
inline constexpr char kFootPassword[] = "F3 password";
inline constexpr char kFootDigits[] = "F3 recovery key";
inline constexpr char kFootFile[] = "F4 key file";
inline constexpr char kFootAgain[] = "F5 try again";
inline constexpr char kFootSkip[] = "F6 skip";
inline constexpr char kFootKeyboard[] = "F7 keyboard";
inline constexpr char kFootNoFunction[] = "no F keys: Esc and the digit";
inline constexpr char kFootKey[] = "F2 type a key";

// The plan.
inline constexpr char kPlanTitle[] = "This is what would be done. Nothing has been written yet.";
inline constexpr char kDoIt[] = "Do it? Press Y for yes, N for no.";
inline constexpr char kYes[] = "Yes";
inline constexpr char kNo[] = "No";
inline constexpr char kBytesModified[] = "{} bytes, modified {}";
inline constexpr char kTo[] = "to {}";
inline constexpr char kRuleSays[] = "rule {}: {}";
inline constexpr char kScroll[] = "Up and Down: more";

// After the run.
inline constexpr char kPull[] =
    "Pull the stick or press a key to {}. P: power off. F: firmware setup. M: more.";
inline constexpr char kPress[] = "Press a key to {}. P: power off. F: firmware setup. M: more.";
inline constexpr char kFailurePull[] =
    "Pull the stick or press a key to {}. P: power off. F: firmware setup.";
inline constexpr char kFailurePress[] = "Press a key to {}. P: power off. F: firmware setup.";
inline constexpr char kFootPull[] = "Pull the stick or press Enter to {}";
inline constexpr char kFootPress[] = "Enter {}";
inline constexpr char kFootMore[] = "M more   C receipt   P power off   F firmware setup";
inline constexpr char kFootMoreNoReceipt[] = "M more   P power off   F firmware setup";
inline constexpr char kRestarts[] = "restart";
inline constexpr char kPowersOff[] = "power off";
inline constexpr char kBySelf[] = "in {} seconds by itself";
inline constexpr char kMenuTitle[] = "What now?";
inline constexpr char kMenuUndo[] = "Undo this run";
inline constexpr char kMenuAgain[] = "Run again";
inline constexpr char kMenuScan[] = "Look only";
inline constexpr char kMenuLog[] = "Show the log";
inline constexpr char kMenuSave[] = "Save the log to another stick";
inline constexpr char kMenuReceipt[] = "Show the receipt";
inline constexpr char kMenuRestart[] = "Restart";
inline constexpr char kMenuPowerOff[] = "Power off";
inline constexpr char kMenuFirmware[] = "Restart into the firmware's setup";
inline constexpr char kMenuBack[] = "Back to the verdict";
inline constexpr char kFootMenu[] = "Up, Down and Enter, or the number   Esc back";
inline constexpr char kFootText[] = "Up, Down, PgUp, PgDn   Esc back";
inline constexpr char kFootBack[] = "Esc back";
inline constexpr char kUndoAsk[] =
    "Put everything back as it was before this run? These volumes are written to:";
inline constexpr char kAgainAsk[] = "Run again? What the manifests name is repaired on this PC's own disks.";
inline constexpr char kNothingToUndo[] = "This run has changed nothing: there is nothing to undo.";
inline constexpr char kNoLogYet[] = "There is no log of this run.";
inline constexpr char kSaved[] = "The log was saved to {}.";
inline constexpr char kNotSaved[] = "The log was not saved: {}";
inline constexpr char kNoOtherStick[] = "no other stick is plugged in.";
inline constexpr char kLogNotThere[] = "it cannot be read: is this stick pulled out?";
inline constexpr char kSaving[] = "Saving the log ...";

// What another stick is like.
inline constexpr char kNotForUs[] = "{} holds {}, which is not used here: take a stick with FAT32 or exFAT.";
inline constexpr char kHoldsNtfs[] = "NTFS";
inline constexpr char kHoldsBitlocker[] = "a BitLocker volume";
inline constexpr char kHoldsNothing[] = "no file system";
inline constexpr char kHoldsOther[] = "a file system of another kind";
inline constexpr char kNotMounted[] = "{} cannot be used: {}.";
inline constexpr char kWriteProtected[] = "it is write-protected";
inline constexpr char kNoDriver[] = "the kernel on this stick has no driver for its file system";

// What is plugged in and pulled out.
inline constexpr char kDiskCame[] = "{} was plugged in.";
inline constexpr char kDiskCameLater[] = "{} was plugged in. This run does not touch it.";
inline constexpr char kDiskWent[] = "{} was pulled out.";
inline constexpr char kKeyboardCame[] = "A keyboard was plugged in: {}.";
inline constexpr char kKeyboardWent[] = "A keyboard was pulled out: {}.";
inline constexpr char kStickWent[] =
    "The stick was pulled out: put it back in, and leave the PC on. What is being written is finished; "
    "nothing "
    "else is begun.";
inline constexpr char kStickBack[] = "The stick is there again.";
inline constexpr char kStickBackReadOnly[] =
    "The stick is there again, but cannot be written any more: start this PC again from another one.";
inline constexpr char kStickAway[] = "The stick is out: put it back in. Leave the PC on.";
inline constexpr char kTriedWhenBack[] = "The key is tried when the stick is back in.";
inline constexpr char kRunsWhenBack[] =
    "The stick was pulled out. Put it back in: then it runs again by itself.";

// Why the screen is not full.
inline constexpr char kPlainType[] =
    "Lines of text are shown, since the terminal type '{}' is not known here.";
inline constexpr char kPlainNoTerminal[] = "Lines of text are shown, since this is no terminal.";

}  // namespace mend::console::texts
