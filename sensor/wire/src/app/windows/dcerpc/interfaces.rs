//! Interfaces of Windows that say what a call does, and the calls of them that matter.
//!
//! Source: the interface definitions in MS-SCMR, MS-SAMR, MS-LSAD, MS-DRSR, MS-TSCH, MS-RRP, MS-SRVS,
//! MS-WKST, MS-NRPC, MS-DCOM, MS-EFSR, MS-RPRN, MS-PAR, MS-DFSNM, MS-FSRVP, MS-EVEN, MS-BKRP, MS-WMI,
//! MS-ICPR, MS-DNSP, MS-TSTS; C706 appendix O.

/// One interface.
pub(super) struct Interface {
    pub(super) uuid: &'static str,
    /// Its usual short name, the pipe's where it has one.
    pub(super) service: &'static str,
    /// Numbers and names of calls.
    calls: &'static [(u16, &'static str)],
}

/// The interface of a UUID.
pub(super) fn of(uuid: &str) -> Option<&'static Interface> {
    INTERFACES.iter().find(|interface| interface.uuid == uuid)
}

impl Interface {
    /// The name of a call.
    pub(super) fn procedure(&self, opnum: u16) -> Option<&'static str> {
        self.calls
            .iter()
            .find_map(|(number, name)| (*number == opnum).then_some(*name))
    }
}

const fn one(uuid: &'static str, service: &'static str, calls: &'static [(u16, &'static str)]) -> Interface {
    Interface { uuid, service, calls }
}

const INTERFACES: &[Interface] = &[
    one(
        "e1af8308-5d1f-11c9-91a4-08002b14a0fa",
        "epmapper",
        &[(2, "ept_lookup"), (3, "ept_map")],
    ),
    one(
        "367abb81-9844-35f1-ad32-98f038001003",
        "svcctl",
        &[
            (0, "CloseServiceHandle"),
            (1, "ControlService"),
            (2, "DeleteService"),
            (6, "QueryServiceStatus"),
            (11, "ChangeServiceConfigW"),
            (12, "CreateServiceW"),
            (14, "EnumServicesStatusW"),
            (15, "OpenSCManagerW"),
            (16, "OpenServiceW"),
            (17, "QueryServiceConfigW"),
            (19, "StartServiceW"),
            (23, "ChangeServiceConfigA"),
            (24, "CreateServiceA"),
            (27, "OpenSCManagerA"),
            (28, "OpenServiceA"),
            (31, "StartServiceA"),
            (37, "ChangeServiceConfig2W"),
            (42, "EnumServicesStatusExW"),
            (44, "CreateServiceWOW64A"),
            (45, "CreateServiceWOW64W"),
        ],
    ),
    one(
        "12345778-1234-abcd-ef00-0123456789ac",
        "samr",
        &[
            (0, "SamrConnect"),
            (1, "SamrCloseHandle"),
            (5, "SamrLookupDomainInSamServer"),
            (6, "SamrEnumerateDomainsInSamServer"),
            (7, "SamrOpenDomain"),
            (8, "SamrQueryInformationDomain"),
            (11, "SamrEnumerateGroupsInDomain"),
            (12, "SamrCreateUserInDomain"),
            (13, "SamrEnumerateUsersInDomain"),
            (15, "SamrEnumerateAliasesInDomain"),
            (16, "SamrGetAliasMembership"),
            (17, "SamrLookupNamesInDomain"),
            (18, "SamrLookupIdsInDomain"),
            (19, "SamrOpenGroup"),
            (22, "SamrAddMemberToGroup"),
            (25, "SamrGetMembersInGroup"),
            (27, "SamrOpenAlias"),
            (31, "SamrAddMemberToAlias"),
            (33, "SamrGetMembersInAlias"),
            (34, "SamrOpenUser"),
            (35, "SamrDeleteUser"),
            (36, "SamrQueryInformationUser"),
            (37, "SamrSetInformationUser"),
            (38, "SamrChangePasswordUser"),
            (39, "SamrGetGroupsForUser"),
            (40, "SamrQueryDisplayInformation"),
            (44, "SamrGetUserDomainPasswordInformation"),
            (46, "SamrQueryInformationDomain2"),
            (47, "SamrQueryInformationUser2"),
            (50, "SamrCreateUser2InDomain"),
            (51, "SamrQueryDisplayInformation3"),
            (54, "SamrOemChangePasswordUser2"),
            (55, "SamrUnicodeChangePasswordUser2"),
            (57, "SamrConnect2"),
            (58, "SamrSetInformationUser2"),
            (62, "SamrConnect4"),
            (64, "SamrConnect5"),
        ],
    ),
    one(
        "12345778-1234-abcd-ef00-0123456789ab",
        "lsarpc",
        &[
            (0, "LsarClose"),
            (2, "LsarEnumeratePrivileges"),
            (6, "LsarOpenPolicy"),
            (7, "LsarQueryInformationPolicy"),
            (11, "LsarEnumerateAccounts"),
            (13, "LsarEnumerateTrustedDomains"),
            (14, "LsarLookupNames"),
            (15, "LsarLookupSids"),
            (42, "LsarRetrievePrivateData"),
            (44, "LsarOpenPolicy2"),
            (45, "LsarGetUserName"),
            (46, "LsarQueryInformationPolicy2"),
            (57, "LsarLookupSids2"),
            (58, "LsarLookupNames2"),
            (68, "LsarLookupNames3"),
            (76, "LsarLookupSids3"),
            (77, "LsarLookupNames4"),
        ],
    ),
    one(
        "e3514235-4b06-11d1-ab04-00c04fc2dcd2",
        "drsuapi",
        &[
            (0, "DRSBind"),
            (1, "DRSUnbind"),
            (2, "DRSReplicaSync"),
            (3, "DRSGetNCChanges"),
            (4, "DRSUpdateRefs"),
            (5, "DRSReplicaAdd"),
            (6, "DRSReplicaDel"),
            (12, "DRSCrackNames"),
            (16, "DRSDomainControllerInfo"),
            (17, "DRSAddEntry"),
            (19, "DRSGetReplInfo"),
        ],
    ),
    one(
        "1ff70682-0a51-30e8-076d-740be8cee98b",
        "atsvc",
        &[
            (0, "NetrJobAdd"),
            (1, "NetrJobDel"),
            (2, "NetrJobEnum"),
            (3, "NetrJobGetInfo"),
        ],
    ),
    one(
        "86d35949-83c9-4044-b424-db363231fd0c",
        "taskschd",
        &[
            (0, "SchRpcHighestVersion"),
            (1, "SchRpcRegisterTask"),
            (2, "SchRpcRetrieveTask"),
            (6, "SchRpcEnumFolders"),
            (7, "SchRpcEnumTasks"),
            (12, "SchRpcRun"),
            (13, "SchRpcDelete"),
        ],
    ),
    one(
        "338cd001-2244-31f1-aaaa-900038001003",
        "winreg",
        &[
            (0, "OpenClassesRoot"),
            (1, "OpenCurrentUser"),
            (2, "OpenLocalMachine"),
            (4, "OpenUsers"),
            (5, "BaseRegCloseKey"),
            (6, "BaseRegCreateKey"),
            (7, "BaseRegDeleteKey"),
            (8, "BaseRegDeleteValue"),
            (9, "BaseRegEnumKey"),
            (10, "BaseRegEnumValue"),
            (13, "BaseRegLoadKey"),
            (15, "BaseRegOpenKey"),
            (16, "BaseRegQueryInfoKey"),
            (17, "BaseRegQueryValue"),
            (20, "BaseRegSaveKey"),
            (22, "BaseRegSetValue"),
            (31, "BaseRegSaveKeyEx"),
        ],
    ),
    one(
        "4b324fc8-1670-01d3-1278-5a47bf6ee188",
        "srvsvc",
        &[
            (8, "NetrConnectionEnum"),
            (9, "NetrFileEnum"),
            (12, "NetrSessionEnum"),
            (14, "NetrShareAdd"),
            (15, "NetrShareEnum"),
            (16, "NetrShareGetInfo"),
            (18, "NetrShareDel"),
            (21, "NetrServerGetInfo"),
            (23, "NetrServerDiskEnum"),
            (28, "NetrRemoteTOD"),
            (31, "NetprPathCanonicalize"),
            (36, "NetrShareEnumSticky"),
        ],
    ),
    one(
        "6bffd098-a112-3610-9833-46c3f87e345a",
        "wkssvc",
        &[
            (0, "NetrWkstaGetInfo"),
            (2, "NetrWkstaUserEnum"),
            (22, "NetrJoinDomain2"),
        ],
    ),
    one(
        "12345678-1234-abcd-ef00-01234567cffb",
        "netlogon",
        &[
            (2, "NetrLogonSamLogon"),
            (4, "NetrServerReqChallenge"),
            (5, "NetrServerAuthenticate"),
            (6, "NetrServerPasswordSet"),
            (7, "NetrDatabaseDeltas"),
            (15, "NetrServerAuthenticate2"),
            (20, "DsrGetDcName"),
            (21, "NetrLogonGetCapabilities"),
            (26, "NetrServerAuthenticate3"),
            (27, "DsrGetDcNameEx"),
            (29, "NetrLogonGetDomainInfo"),
            (30, "NetrServerPasswordSet2"),
            (31, "NetrServerPasswordGet"),
            (34, "DsrGetDcNameEx2"),
            (39, "NetrLogonSamLogonEx"),
            (40, "DsrEnumerateDomainTrusts"),
            (42, "NetrServerTrustPasswordsGet"),
            (45, "NetrLogonSamLogonWithFlags"),
        ],
    ),
    one(
        "99fcfec4-5260-101b-bbcb-00aa0021347a",
        "IObjectExporter",
        &[
            (0, "ResolveOxid"),
            (3, "ServerAlive"),
            (4, "ResolveOxid2"),
            (5, "ServerAlive2"),
        ],
    ),
    one(
        "000001a0-0000-0000-c000-000000000046",
        "IRemoteSCMActivator",
        &[(3, "RemoteGetClassObject"), (4, "RemoteCreateInstance")],
    ),
    one(
        "4d9f4ab8-7d1c-11cf-861e-0020af6e7c57",
        "IActivation",
        &[(0, "RemoteActivation")],
    ),
    one(
        "00000131-0000-0000-c000-000000000046",
        "IRemUnknown",
        &[(3, "RemQueryInterface"), (4, "RemAddRef"), (5, "RemRelease")],
    ),
    one(
        "00000143-0000-0000-c000-000000000046",
        "IRemUnknown2",
        &[(3, "RemQueryInterface"), (5, "RemRelease")],
    ),
    one(
        "f309ad18-d86a-11d0-a075-00c04fb68820",
        "IWbemLevel1Login",
        &[(3, "EstablishPosition"), (6, "NTLMLogin")],
    ),
    one(
        "9556dc99-828c-11cf-a37e-00aa003240c7",
        "IWbemServices",
        &[
            (6, "GetObject"),
            (20, "ExecQuery"),
            (22, "ExecNotificationQuery"),
            (24, "ExecMethod"),
            (25, "ExecMethodAsync"),
        ],
    ),
    one("c681d488-d850-11d0-8c52-00c04fd90f7e", "efsrpc", EFS),
    one("df1941c5-fe89-4e79-bf10-463657acf44d", "efsrpc", EFS),
    one(
        "12345678-1234-abcd-ef00-0123456789ab",
        "spoolss",
        &[
            (0, "RpcEnumPrinters"),
            (1, "RpcOpenPrinter"),
            (9, "RpcAddPrinterDriver"),
            (62, "RpcRemoteFindFirstPrinterChangeNotification"),
            (65, "RpcRemoteFindFirstPrinterChangeNotificationEx"),
            (69, "RpcOpenPrinterEx"),
            (89, "RpcAddPrinterDriverEx"),
        ],
    ),
    one(
        "76f03f96-cdfd-44fc-a22c-64950a001209",
        "IRemoteWinspool",
        &[(0, "RpcAsyncOpenPrinter"), (39, "RpcAsyncAddPrinterDriver")],
    ),
    one(
        "4fc742e0-4a10-11cf-8273-00aa004ae673",
        "netdfs",
        &[
            (12, "NetrDfsAddStdRoot"),
            (13, "NetrDfsRemoveStdRoot"),
            (21, "NetrDfsEnumEx"),
        ],
    ),
    one(
        "a8e0653c-2744-4389-a61d-7373df8b2292",
        "fssagentrpc",
        &[(8, "IsPathSupported"), (9, "IsPathShadowCopied")],
    ),
    one(
        "82273fdc-e32a-18c3-3f78-827929dc23ea",
        "eventlog",
        &[
            (0, "ElfrClearELFW"),
            (7, "ElfrOpenELW"),
            (10, "ElfrReadELW"),
            (12, "ElfrClearELFA"),
        ],
    ),
    one(
        "f6beaff7-1e19-4fbb-9f8f-b89e2018337c",
        "eventlog6",
        &[(6, "EvtRpcClearLog"), (11, "EvtRpcQueryNext")],
    ),
    one(
        "3dde7c30-165d-11d1-ab8f-00805f14db40",
        "backupkey",
        &[(0, "BackuprKey")],
    ),
    one(
        "91ae6020-9e3c-11cf-8d7c-00aa00c091be",
        "icpr",
        &[(0, "CertServerRequest")],
    ),
    one(
        "50abc2a4-574d-40b3-9d66-ee4fd5fba076",
        "dnsserver",
        &[(0, "DnssrvOperation"), (5, "DnssrvOperation2")],
    ),
    one(
        "894de0c0-0d55-11d3-a322-00c04fa321a1",
        "initshutdown",
        &[(0, "BaseInitiateShutdown"), (2, "BaseInitiateShutdownEx")],
    ),
    one("3919286a-b10c-11d0-9ba8-00c04fd92ef5", "dssetup", &[]),
    one("afa8bd80-7d8a-11c9-bef4-08002b102989", "mgmt", &[]),
    one("f5cc5a18-4264-101a-8c59-08002b2f8426", "nspi", &[]),
    one("a4f1db00-ca47-1067-b31f-00dd010662da", "emsmdb", &[]),
];

const EFS: &[(u16, &str)] = &[
    (0, "EfsRpcOpenFileRaw"),
    (4, "EfsRpcEncryptFileSrv"),
    (5, "EfsRpcDecryptFileSrv"),
    (6, "EfsRpcQueryUsersOnFile"),
    (7, "EfsRpcQueryRecoveryAgents"),
    (12, "EfsRpcFileKeyInfo"),
    (13, "EfsRpcDuplicateEncryptionInfoFile"),
    (15, "EfsRpcAddUsersToFileEx"),
];
