"""The routes of API v2, as Dropbox's published specification has them."""

from typing import NamedTuple

REQUIRED = object()
MANY = 1000
MEGABYTE = 1 << 20
LARGEST_REQUEST = 150 * MEGABYTE


class Route(NamedTuple):
    """What a call looks like; whether an app with an App folder may make it."""

    host: str
    style: str
    scope: str
    app_folder: bool
    arguments: dict


def rpc(scope, arguments, host="api", app_folder=True):
    return Route(host, "rpc", scope, app_folder, arguments)


def upload(arguments):
    arguments = {**arguments, "content_hash": None}
    return Route("content", "upload", WRITE, True, arguments)


def sharing(scope, arguments):
    """A route of shared folders: an app with an App folder may not use it."""
    return rpc(scope, arguments, app_folder=False)


SHARE, SHARED = "sharing.write", "sharing.read"
JOB = {"async_job_id": REQUIRED}
WRITE, READ = "files.content.write", "files.content.read"
METADATA, ACCOUNT = "files.metadata.read", "account_info.read"
COMMIT = {
    "path": REQUIRED,
    "mode": "add",
    "autorename": False,
    "client_modified": None,
    "mute": False,
    "property_groups": None,
    "strict_conflict": False,
}
LISTING = {
    "path": REQUIRED,
    "recursive": False,
    "include_media_info": False,
    "include_deleted": False,
    "include_has_explicit_shared_members": False,
    "include_mounted_folders": True,
    "limit": None,
    "shared_link": None,
    "include_property_groups": None,
    "include_non_downloadable_files": True,
    "include_restorable_info": False,
}
ROUTES = {
    "files/upload": upload(COMMIT),
    "files/upload_session/start": upload({"close": False, "session_type": None}),
    "files/upload_session/append_v2": upload({"cursor": REQUIRED, "close": False}),
    "files/upload_session/append_batch": upload({"entries": REQUIRED}),
    "files/upload_session/finish": upload({"cursor": REQUIRED, "commit": REQUIRED}),
    "files/upload_session/start_batch": rpc(
        WRITE, {"num_sessions": REQUIRED, "session_type": None}
    ),
    "files/upload_session/finish_batch_v2": rpc(WRITE, {"entries": REQUIRED}),
    "files/create_folder_v2": rpc(WRITE, {"path": REQUIRED, "autorename": False}),
    "files/delete_v2": rpc(WRITE, {"path": REQUIRED, "parent_rev": None}),
    "files/move_v2": rpc(
        WRITE,
        {
            "from_path": REQUIRED,
            "to_path": REQUIRED,
            "allow_shared_folder": False,
            "autorename": False,
            "allow_ownership_transfer": False,
        },
    ),
    "files/move_batch_v2": rpc(
        WRITE,
        {
            "entries": REQUIRED,
            "autorename": False,
            "allow_ownership_transfer": False,
        },
    ),
    "files/move_batch/check_v2": rpc(WRITE, JOB),
    "files/delete_batch": rpc(WRITE, {"entries": REQUIRED}),
    "files/delete_batch/check": rpc(WRITE, JOB),
    "files/restore": rpc(WRITE, {"path": REQUIRED, "rev": REQUIRED}),
    "files/get_metadata": rpc(
        METADATA,
        {
            "path": REQUIRED,
            "include_media_info": False,
            "include_deleted": False,
            "include_has_explicit_shared_members": False,
            "include_property_groups": None,
        },
    ),
    "files/list_folder": rpc(METADATA, LISTING),
    "files/list_folder/continue": rpc(METADATA, {"cursor": REQUIRED}),
    "files/list_folder/get_latest_cursor": rpc(METADATA, LISTING),
    "files/list_revisions": rpc(
        METADATA,
        {
            "path": REQUIRED,
            "mode": "path",
            "limit": 10,
            "before_rev": None,
            "include_restorable_info": False,
        },
    ),
    "files/download": Route(
        "content", "download", READ, True, {"path": REQUIRED, "rev": None}
    ),
    "sharing/share_folder": sharing(
        SHARE,
        {
            "path": REQUIRED,
            "acl_update_policy": None,
            "force_async": False,
            "member_policy": None,
            "shared_link_policy": None,
            "viewer_info_policy": None,
            "access_inheritance": "inherit",
            "actions": None,
            "link_settings": None,
        },
    ),
    "sharing/check_share_job_status": sharing(SHARE, JOB),
    "sharing/check_job_status": sharing(SHARE, JOB),
    "sharing/check_remove_member_job_status": sharing(SHARE, JOB),
    "sharing/add_folder_member": sharing(
        SHARE,
        {
            "shared_folder_id": REQUIRED,
            "members": REQUIRED,
            "quiet": False,
            "custom_message": None,
        },
    ),
    "sharing/remove_folder_member": sharing(
        SHARE,
        {
            "shared_folder_id": REQUIRED,
            "member": REQUIRED,
            "leave_a_copy": REQUIRED,
        },
    ),
    "sharing/unshare_folder": sharing(
        SHARE, {"shared_folder_id": REQUIRED, "leave_a_copy": False}
    ),
    "sharing/get_folder_metadata": sharing(
        SHARED, {"shared_folder_id": REQUIRED, "actions": None}
    ),
    "sharing/list_folder_members": sharing(
        SHARED,
        {
            "shared_folder_id": REQUIRED,
            "actions": None,
            "limit": 1000,
            "path": None,
        },
    ),
    "sharing/list_folder_members/continue": sharing(SHARED, {"cursor": REQUIRED}),
    "users/get_current_account": rpc(ACCOUNT, None),
    "users/get_space_usage": rpc(ACCOUNT, None),
    "check/user": rpc(ACCOUNT, {"query": ""}),
    "auth/token/revoke": rpc(None, None),
}
