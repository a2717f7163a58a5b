; The installer for Windows, compiled by make_installer.py. UNTESTED on Windows and with the program:
; it was compiled on Linux with a placeholder, and under Wine that was installed for one user and for
; all, replaced, refused while it ran, and removed.
;
; It installs for everyone, or for one user who may not. A version that is there already is
; replaced in its place; settings, logs, cases and reports are in the user's own folders and stay.
; SIGN, if given, is a command that signs the file that replaces %1.

!ifndef VERSION | PAYLOAD | OUT | PUBLISHER | ICON | SIZE_KIB
    !error "compile it with make_installer.py"
!endif

Unicode true
ManifestDPIAware true
SetCompressor /SOLID lzma

!define NAME "RoSTFine Assist"
!define KEY "rostfine-assist"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${KEY}"

!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_COMMANDLINE ; /AllUsers and /CurrentUser
!define MULTIUSER_USE_PROGRAMFILES64
!define MULTIUSER_INSTALLMODE_INSTDIR "${NAME}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_KEY "Software\${KEY}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_VALUENAME "Folder"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_KEY "Software\${KEY}"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_VALUENAME "Folder"
!include MultiUser.nsh
!include MUI2.nsh
!include LogicLib.nsh
!include x64.nsh

Name "${NAME} ${VERSION}"
OutFile "${OUT}"
BrandingText "${NAME} ${VERSION}"
VIProductVersion "${VERSION}.0"
VIFileVersion "${VERSION}.0"
!ifdef SIGN
    !finalize '${SIGN}' = 0
    !uninstfinalize '${SIGN}' = 0
!endif

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\rostfine-app.exe"
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "${PAYLOAD}\_internal\LICENSE"
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES

!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "Japanese"
!insertmacro MUI_RESERVEFILE_LANGDLL

!macro VERSION_TABLE LANGUAGE
    VIAddVersionKey /LANG=${LANGUAGE} "ProductName" "${NAME}"
    VIAddVersionKey /LANG=${LANGUAGE} "ProductVersion" "${VERSION}"
    VIAddVersionKey /LANG=${LANGUAGE} "FileVersion" "${VERSION}"
    VIAddVersionKey /LANG=${LANGUAGE} "FileDescription" "${NAME}"
    VIAddVersionKey /LANG=${LANGUAGE} "CompanyName" "${PUBLISHER}"
    VIAddVersionKey /LANG=${LANGUAGE} "LegalCopyright" "Apache-2.0"
!macroend
!insertmacro VERSION_TABLE ${LANG_ENGLISH}
!insertmacro VERSION_TABLE ${LANG_JAPANESE}

LangString NEEDS_64_BIT ${LANG_ENGLISH} "${NAME} needs 64-bit Windows."
LangString NEEDS_64_BIT ${LANG_JAPANESE} "${NAME} には64ビット版Windowsが必要です。"
LangString IS_RUNNING ${LANG_ENGLISH} "${NAME} is running: close it, then choose Retry."
LangString IS_RUNNING ${LANG_JAPANESE} "${NAME} が実行中です。終了してから「再試行」を選んでください。"
LangString FOREIGN ${LANG_ENGLISH} "The folder $INSTDIR holds files of something else: choose an empty or new folder."
LangString FOREIGN ${LANG_JAPANESE} "フォルダー $INSTDIR には別のファイルがあります。空のフォルダーか新しいフォルダーを選んでください。"
LangString KEPT ${LANG_ENGLISH} "Your settings, logs, cases and reports are kept."
LangString KEPT ${LANG_JAPANESE} "設定、ログ、症例、レポートは残ります。"

!macro INITIALISE UN
    ${IfNot} ${RunningX64}
        MessageBox MB_OK|MB_ICONSTOP $(NEEDS_64_BIT) /SD IDOK
        SetErrorLevel 2
        Abort
    ${EndIf}
    SetRegView 64
!macroend

Function .onInit
    !insertmacro INITIALISE ""
    !insertmacro MULTIUSER_INIT
    !insertmacro MUI_LANGDLL_DISPLAY
FunctionEnd

Function un.onInit
    !insertmacro INITIALISE "un."
    !insertmacro MULTIUSER_UNINIT
    !insertmacro MUI_UNGETLANGUAGE
FunctionEnd

; A program that runs cannot be opened for writing.
!macro WAIT_UNTIL_CLOSED PROGRAM
    ${If} ${FileExists} "$INSTDIR\${PROGRAM}"
        ${Do}
            ClearErrors
            FileOpen $0 "$INSTDIR\${PROGRAM}" a
            ${IfNot} ${Errors}
                FileClose $0
                ${Break}
            ${EndIf}
            ${If} ${Cmd} `MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION $(IS_RUNNING) /SD IDCANCEL IDCANCEL`
                SetErrorLevel 3
                Abort
            ${EndIf}
        ${Loop}
    ${EndIf}
!macroend

; What the installer put there, and nothing else.
!macro REMOVE_PROGRAM
    RMDir /r "$INSTDIR\_internal"
    Delete "$INSTDIR\rostfine.exe"
    Delete "$INSTDIR\rostfine-app.exe"
!macroend

Section "-Program"
    ${If} ${FileExists} "$INSTDIR\*.*"
    ${AndIfNot} ${FileExists} "$INSTDIR\rostfine-app.exe"
        ${If} ${FileExists} "$INSTDIR\_internal\*.*"
            MessageBox MB_OK|MB_ICONSTOP $(FOREIGN) /SD IDOK
            SetErrorLevel 4
            Abort
        ${EndIf}
    ${EndIf}
    !insertmacro WAIT_UNTIL_CLOSED "rostfine.exe"
    !insertmacro WAIT_UNTIL_CLOSED "rostfine-app.exe"
    !insertmacro REMOVE_PROGRAM
    SetOutPath "$INSTDIR"
    File /r "${PAYLOAD}\*.*"
    File "/oname=$INSTDIR\rostfine.ico" "${ICON}"
    WriteUninstaller "$INSTDIR\uninstall.exe"

    SetOutPath "$DOCUMENTS" ; where the program starts, and so where its dialogs open
    CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\rostfine-app.exe" "" "$INSTDIR\rostfine.ico"

    WriteRegStr SHCTX "Software\${KEY}" "Folder" "$INSTDIR"
    WriteRegStr SHCTX "${UNINSTALL}" "DisplayName" "${NAME}"
    WriteRegStr SHCTX "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr SHCTX "${UNINSTALL}" "DisplayIcon" "$INSTDIR\rostfine.ico"
    WriteRegStr SHCTX "${UNINSTALL}" "Publisher" "${PUBLISHER}"
    WriteRegStr SHCTX "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegStr SHCTX "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode'
    WriteRegStr SHCTX "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode /S'
    WriteRegDWORD SHCTX "${UNINSTALL}" "EstimatedSize" ${SIZE_KIB}
    WriteRegDWORD SHCTX "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD SHCTX "${UNINSTALL}" "NoRepair" 1
SectionEnd

Section "Uninstall"
    !insertmacro WAIT_UNTIL_CLOSED "rostfine.exe"
    !insertmacro WAIT_UNTIL_CLOSED "rostfine-app.exe"
    !insertmacro REMOVE_PROGRAM
    Delete "$INSTDIR\rostfine.ico"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR" ; only if it is empty
    Delete "$SMPROGRAMS\${NAME}.lnk"
    DeleteRegKey SHCTX "${UNINSTALL}"
    DeleteRegKey SHCTX "Software\${KEY}"
    DetailPrint $(KEPT)
SectionEnd
